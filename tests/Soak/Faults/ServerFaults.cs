using Soak.Site;

namespace Soak.Faults;

/// <summary>An API server that stands still.</summary>
internal static class ServerFaults
{
    /// <summary>SIGSTOP, and SIGCONT after some seconds.</summary>
    public static async Task FreezeAsync(Stage stage, string name, int seconds, CancellationToken cancellationToken)
    {
        var server = stage.Cluster.ControlPlane.ProcessIdOf("kube-apiserver");
        using (stage.Times.Open(name))
        {
            stage.History.Say($"the API server stands still for {seconds} s");
            stage.ServerIsFrozen = true;
            try
            {
                await Command.SignalAsync(server, "STOP");
                await Clock.PauseAsync(seconds, cancellationToken);
            }
            finally
            {
                await Command.SignalAsync(server, "CONT");
                stage.ServerIsFrozen = false;
            }
        }
    }
}
