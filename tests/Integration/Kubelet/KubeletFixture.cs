using TestKit;
using TestKit.Kubelet;
using Xunit;

namespace Integration.Kubelets;

/// <summary>A kubelet on the shared control plane, with one pod that the tests of a class use together.</summary>
public sealed class KubeletFixture : IAsyncLifetime
{
    private readonly ControlPlaneFixture _shared = new();
    private TestKubelet? _kubelet;
    private TestPod? _pod;

    /// <summary>The shared control plane.</summary>
    public TestKit.ControlPlane ControlPlane => _shared.ControlPlane;

    /// <summary>The kubelet.</summary>
    public TestKubelet Kubelet => _kubelet!;

    /// <summary>
    /// A pod with the containers <c>tools</c>, which has no main process, <c>echo</c>, which repeats what attached clients type, and <c>shell</c>,
    /// which is a shell in a terminal.
    /// </summary>
    public TestPod Pod => _pod!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await _shared.InitializeAsync();
        _kubelet = await TestKubelet.StartAsync(ControlPlane);
        _pod = await _kubelet.RunPodAsync(
            $"pods-{Guid.NewGuid():N}"[..13], "web",
            new("tools"),
            new("echo") { Command = ["sh", "-c", "while read -r line; do echo \"heard $line\"; done"], Input = true },
            new("shell") { Command = ["sh"], Input = true, Tty = true });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_kubelet is not null) await _kubelet.DisposeAsync();
    }
}
