using BreakGlass.Operator.Execution;
using BreakGlass.Operator.Hosting;
using BreakGlass.Operator.Options;
using Kube.Client;
using TestKit;

namespace Simulation;

/// <summary>One operator: a real engine over a client of its own to the fake API server.</summary>
internal sealed class Replica : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly KubeClient _client;

    public Replica(FakeApiServer server, FakeApiHandler handler, OperatorOptions options, TimeProvider clock, LogBook logs)
    {
        Handler = handler;
        _client = server.CreateClient(handler, new() { FieldManager = "breakglass-operator", UserAgent = "breakglass-operator/test" });
        Engine = new(_client, options, new PublicCluster(new("https://api.example.test:6443"), null, "test"), clock, logs);
        Running = Task.Run(() => Engine.RunAsync(_stop.Token));
    }

    /// <summary>Its way to the server, by which it can be killed.</summary>
    public FakeApiHandler Handler { get; }

    public OperatorEngine Engine { get; }

    /// <summary>Ends when the engine has.</summary>
    public Task Running { get; }

    public bool IsDead => Handler.IsDead;

    /// <summary>Asks it to stop in order. It has stopped once <see cref="Running"/> has ended, which may take time of the fake clock.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Kills it where it stands: nothing of it reaches the server any more.</summary>
    public void Kill()
    {
        if (!Handler.IsDead) Handler.KillAfterWrite(0);
        _stop.Cancel();
    }

    public void Dispose()
    {
        _stop.Cancel();
        Engine.Dispose();
        _client.Dispose();
        _stop.Dispose();
    }
}
