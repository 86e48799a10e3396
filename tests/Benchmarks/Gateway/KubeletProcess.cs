using TestKit;

namespace Benchmarks.Gateway;

/// <summary>
/// The test kubelet with a pod, as its own process and with the least priority: a kubelet runs on another machine, and its work must not delay what is
/// measured.
/// </summary>
internal sealed class KubeletProcess : IAsyncDisposable
{
    private const string Program = "artifacts/bin/DemoKubelet/release/demo-kubelet.dll";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly ChildProcess _child;

    private KubeletProcess(ChildProcess child) => _child = child;

    /// <summary>Starts it and waits until its pod runs.</summary>
    public static async Task<KubeletProcess> StartAsync(ControlPlane plane, string ns, string pod, string container, CancellationToken cancellationToken)
    {
        if (!File.Exists(Program)) throw new InvalidOperationException($"{Program} is missing; hack/bench.sh builds it.");
        var kubelet = new KubeletProcess(ChildProcess.Start(new("nice", ["-n", "19", "dotnet", Program, plane.Directory, ns, pod, container])));
        try
        {
            var began = TimeProvider.System.GetTimestamp();
            while ((await plane.KubectlAsync(
                plane.AdminKubeconfig, ["wait", "--for=condition=Ready", $"pod/{pod}", "-n", ns, "--timeout=10s"], cancellationToken: cancellationToken))
                .ExitCode != 0)
            {
                if (kubelet._child.HasExited || TimeProvider.System.GetElapsedTime(began) > Patience)
                    throw new InvalidOperationException($"Pod {ns}/{pod} was expected to run on the test kubelet.");
                await Task.Delay(Poll, TimeProvider.System, cancellationToken);
            }

            return kubelet;
        }
        catch
        {
            await kubelet.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _child.DisposeAsync();
}
