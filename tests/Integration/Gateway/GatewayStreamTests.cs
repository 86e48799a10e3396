using System.Security.Cryptography;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Kubelet;
using Xunit;
using static TestKit.Kubelet.KubectlRelease;

namespace Integration.Gateway;

/// <summary>Real kubectl through the gateway and a real API server to a kubelet: what people do in pods, and how it is closed.</summary>
public sealed class GatewayStreamTests(GatewayCluster shared) : IClassFixture<GatewayCluster>, IAsyncLifetime
{
    private static readonly TimeSpan s_soon = Eventually.Limit;

    private TestKubelet _kubelet = null!;

    /// <summary>The releases of kubectl, and whether they try WebSocket.</summary>
    public static TheoryData<KubectlRelease, bool> Clients => new() { { Debian, false }, { Current, false }, { Current, true } };

    /// <inheritdoc/>
    public async Task InitializeAsync() => _kubelet = await TestKubelet.StartAsync(shared.Cluster.ControlPlane.Directory, servesV5: true);

    /// <inheritdoc/>
    public async Task DisposeAsync() => await _kubelet.DisposeAsync();

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Commands_files_and_logs_pass_unchanged(KubectlRelease release, bool webSockets)
    {
        var (incident, pod, kubectl) = await OpenAsync(release, webSockets);
        string[] exec = ["exec", "-n", pod.Namespace, pod.Name, "-c", "tools"];
        var answer = await kubectl.RunAsync([.. exec, "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
        answer.ExitCode.Should().Be(7, answer.Error);
        answer.Output.Should().Be("out\n");
        answer.Error.Should().Contain("err\n");

        var input = RandomNumberGenerator.GetBytes(3_000_000);
        (await kubectl.PipeAsync(input, [.. exec, "-i", "--", "cat"])).AsSpan().SequenceEqual(input).Should().BeTrue();

        var (file, back) = ($"{kubectl.Environment["HOME"]}.file", $"{kubectl.Environment["HOME"]}.back");
        await File.WriteAllBytesAsync(file, input);
        (await kubectl.RunAsync("cp", file, $"{pod.Namespace}/{pod.Name}:copied", "-c", "tools")).OrThrow();
        (await File.ReadAllBytesAsync(Path.Combine(pod["tools"].Directory, "copied"))).AsSpan().SequenceEqual(input).Should().BeTrue("it was copied there");
        (await kubectl.RunAsync("cp", $"{pod.Namespace}/{pod.Name}:copied", back, "-c", "tools")).OrThrow();
        (await File.ReadAllBytesAsync(back)).AsSpan().SequenceEqual(input).Should().BeTrue("it was copied back");

        pod["tools"].Log.Append("a line");
        (await kubectl.RunAsync("logs", "-n", pod.Namespace, pod.Name, "-c", "tools")).OrThrow().Should().Be("a line\n");
        await incident.RevokeAsync();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task An_interactive_shell_is_closed_when_its_grant_is_revoked(KubectlRelease release, bool webSockets)
    {
        var (incident, pod, kubectl) = await OpenAsync(release, webSockets);
        await using var shell = await kubectl.OpenTerminalAsync(new(200, 30), "exec", "-it", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "sh");
        await shell.TypeAsync("echo in $((20+22))\r");
        await shell.WritesAsync("in 42");
        var session = await _kubelet.SessionAsync(s => s is { Kind: "exec", ProcessId: > 0 } && s.Pod == $"{pod.Namespace}/{pod.Name}", "the shell");

        await incident.RevokeAsync();

        await session.Ended.Soon("the end of the shell at the kubelet", s_soon);
        var code = await shell.Exit.Soon("the end of kubectl", s_soon);
        if (webSockets)
        {
            code.Should().NotBe(0, "over SPDY, kubectl takes the end of the connection for that of the command");

            // What it has written may be read after its exit is seen. The person reads why, and what to do.
            await shell.WritesAsync($"breakglass: the grant {incident.Grant}");
            await shell.WritesAsync($"kubectl breakglass request {incident.Policy}");
        }

        (await kubectl.RunAsync("get", "pods", "-n", pod.Namespace)).Error.Should().Contain($"the grant {incident.Grant}");
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_followed_log_an_attached_client_and_a_forwarded_port_work_and_end_with_the_grant(KubectlRelease release, bool webSockets)
    {
        var (incident, pod, kubectl) = await OpenAsync(release, webSockets);
        pod["tools"].Log.Append("first");
        await using var log = await kubectl.StartAsync("logs", "-f", "-n", pod.Namespace, pod.Name, "-c", "tools");
        await log.WritesAsync("first");
        await using var client = await kubectl.StartAsync("attach", "-i", "-n", pod.Namespace, pod.Name, "-c", "echo");
        var attached = await _kubelet.SessionAsync(
            s => s is { Kind: "attach", Container: "echo", ProcessId: > 0 } && s.Pod == $"{pod.Namespace}/{pod.Name}", "the attached client");
        await client.TypeAsync("a word\n");
        await client.WritesAsync("heard a word");
        await using var page = await PodContent.ServeAsync(pod);
        var local = Ports.Free();
        await using var forward = await kubectl.StartAsync("port-forward", "-n", pod.Namespace, pod.Name, $"{local}:80");
        await forward.WritesAsync($"127.0.0.1:{local}");
        var session = await _kubelet.SessionAsync(s => s.Kind == "portForward" && s.Pod == $"{pod.Namespace}/{pod.Name}", "the forwarding");
        await PodContent.SendMegabyteAsync(local);

        await incident.RevokeAsync();

        await session.Ended.Soon("the end of the forwarding at the kubelet", s_soon);
        await attached.Ended.Soon("the end of the attached client at the kubelet", s_soon);
        await client.Exit.Soon("the end of kubectl attach", s_soon);
        await log.Exit.Soon("the end of the log", s_soon);
        await incident.WaitForPhaseAsync(GrantPhase.Revoked);
    }

    [ServerFact(MinMinor = 25)]
    public async Task A_debug_container_ends_its_terminal_with_the_grant()
    {
        var (incident, pod, kubectl) = await OpenAsync(Current, webSockets: true);
        await shared.Cluster.AdminAsync(
            "create", "role", "debug", "-n", pod.Namespace, "--verb=patch,update", "--resource=pods/ephemeralcontainers");
        await shared.Cluster.AdminAsync(
            "create", "rolebinding", "debug", "-n", pod.Namespace, "--role=debug", "--group=system:serviceaccounts:breakglass-grants");
        await using var shell = await kubectl.OpenTerminalAsync(
            new(80, 24), "debug", "-it", "-n", pod.Namespace, pod.Name, "--image=test.invalid/debug:1", "--target=tools", "--container=debugger");
        var session = await _kubelet.SessionAsync(
            s => s is { Kind: "attach", Container: "debugger", ProcessId: > 0 } && s.Pod == $"{pod.Namespace}/{pod.Name}", "the debugger");
        await shell.TypeAsync("echo $CONTAINER has $((6*7))\r");
        await shell.WritesAsync("debugger has 42");

        await incident.RevokeAsync();

        await session.Ended.Soon("the end of the terminal at the kubelet", s_soon);
        (await shell.Exit.Soon("the end of kubectl", s_soon)).Should().NotBe(0);
    }

    private async Task<(Incident Incident, TestPod Pod, Kubectl Kubectl)> OpenAsync(KubectlRelease release, bool webSockets)
    {
        var incident = await Incident.BeginAsync(shared.Cluster, "  session: {path: Gateway}");
        var pod = await _kubelet.RunPodAsync(incident.Namespace, "web", new ContainerSpec("tools"), PodContent.Echo);
        await incident.ActivateAsync();
        return (incident, pod, await Kubectl.OfAsync(release, await incident.FetchKubeconfigAsync(), webSockets));
    }
}
