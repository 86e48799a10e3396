using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using TestKit;
using TestKit.Kubelet;
using Xunit;
using static TestKit.Kubelet.KubectlRelease;

namespace Integration.Kubelets;

/// <summary>Real kubectl through the real API server to the test kubelet, and what the test kubelet shows of it.</summary>
public sealed class TestKubeletTests(KubeletFixture fixture) : IClassFixture<KubeletFixture>
{
    private const string KeyOfContainer = "-c";

    private const string Sleeper = "sleep 3600 & echo child $!; wait";

    private static readonly TimeSpan s_soon = Eventually.Limit;

    private TestKubelet Kubelet => fixture.Kubelet;

    private TestPod Pod => fixture.Pod;

    /// <summary>The releases of kubectl, and whether they try WebSocket.</summary>
    public static TheoryData<KubectlRelease, bool> Clients => new() { { Debian, false }, { Current, false }, { Current, true } };

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Exec_gives_both_outputs_and_the_exit_code(KubectlRelease release, bool webSockets)
    {
        var kubectl = await KubectlAsync(release, webSockets);

        var answer = await kubectl.RunAsync([.. In("tools", "exec"), "--", "sh", "-c", "echo out; echo err >&2; pwd; exit 7"]);

        answer.ExitCode.Should().Be(7, answer.Error);
        answer.Output.Should().Be($"out\n{Pod["tools"].Directory}\n");
        answer.Error.Should().Contain("err\n").And.Contain("exit code 7");
        (await kubectl.RunAsync([.. In("tools", "exec"), "--", "true"])).OrThrow();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Ten_megabytes_of_input_come_back_unchanged(KubectlRelease release, bool webSockets)
    {
        var input = RandomNumberGenerator.GetBytes(10 * 1024 * 1024);
        var kubectl = await KubectlAsync(release, webSockets);

        var output = await kubectl.PipeAsync(input, [.. In("tools", "exec"), "-i", "--", "cat"]);

        output.AsSpan().SequenceEqual(input).Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_shell_in_a_terminal_knows_its_size_and_each_change(KubectlRelease release, bool webSockets)
    {
        var kubectl = await KubectlAsync(release, webSockets);
        await using var shell = await kubectl.OpenTerminalAsync(new(100, 30), [.. In("tools", "exec"), "-it", "--", "sh"]);

        // The marks are computed, so that what is typed, which the terminal echoes, does not have them.
        await shell.TypeAsync("trap 'echo changed $((1+1)) times' WINCH; until [ \"$(stty size)\" = '30 100' ]; do :; done; tty; echo size $((20+10))\r");
        await shell.WritesAsync("size 30");
        shell.Resize(new(120, 40));
        await shell.TypeAsync("until [ \"$(stty size)\" = '40 120' ]; do :; done; echo size $((20+20))\r");
        await shell.WritesAsync("size 40");
        await shell.TypeAsync("exit $((1+2))\r");

        (await shell.Exit.Soon("the end of the shell")).Should().Be(3, shell.Output);
        shell.Output.Should().Contain("/dev/pts/");
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Files_and_directories_are_copied_both_ways(KubectlRelease release, bool webSockets)
    {
        var kubectl = await KubectlAsync(release, webSockets);
        var here = Directory.CreateTempSubdirectory("breakglass-cp-").FullName;
        try
        {
            var content = RandomNumberGenerator.GetBytes(300_000);
            Directory.CreateDirectory(Path.Combine(here, "there"));
            await File.WriteAllBytesAsync(Path.Combine(here, "there", "file"), content);
            var name = $"copy-{Guid.NewGuid():N}";

            (await kubectl.RunAsync("cp", Path.Combine(here, "there"), $"{Pod.Namespace}/{Pod.Name}:{name}", KeyOfContainer, "tools")).OrThrow();
            (await kubectl.RunAsync("cp", $"{Pod.Namespace}/{Pod.Name}:{name}/file", Path.Combine(here, "back"), KeyOfContainer, "tools")).OrThrow();

            (await File.ReadAllBytesAsync(Path.Combine(Pod["tools"].Directory, name, "file"))).AsSpan().SequenceEqual(content).Should().BeTrue();
            (await File.ReadAllBytesAsync(Path.Combine(here, "back"))).AsSpan().SequenceEqual(content).Should().BeTrue();
        }
        finally
        {
            Directory.Delete(here, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Attach_reaches_the_main_process_and_its_answer_is_in_the_log(KubectlRelease release, bool webSockets)
    {
        var kubectl = await KubectlAsync(release, webSockets);
        var word = $"word-{Guid.NewGuid():N}";
        await using var client = await kubectl.StartAsync([.. In("echo", "attach"), "-i"]);
        var session = await Kubelet.SessionAsync(s => s is { Kind: "attach", Container: "echo", ProcessId: > 0 } && IsMine(s), "an attached client");

        await client.TypeAsync($"{word}\n");
        await client.WritesAsync($"heard {word}");
        await client.KillAsync();

        await session.Ended.Soon("the end of the attached session", s_soon);
        (await kubectl.RunAsync([.. In("echo", "logs")])).OrThrow().Should().Contain($"heard {word}\n");
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_followed_log_gets_each_line_when_it_is_written(KubectlRelease release, bool webSockets)
    {
        var kubectl = await KubectlAsync(release, webSockets);
        var (first, second) = ($"first-{Guid.NewGuid():N}", $"second-{Guid.NewGuid():N}");
        Pod["tools"].Log.Append(first);
        await using var client = await kubectl.StartAsync([.. In("tools", "logs"), "-f", "--tail=1"]);

        await client.WritesAsync(first);
        Pod["tools"].Log.Append(second);
        await client.WritesAsync(second);

        (await kubectl.RunAsync([.. In("tools", "logs"), "--tail=2", "--timestamps"])).OrThrow().Split('\n')
            .Should().HaveCount(3).And.ContainSingle(l => l.EndsWith($"Z {second}", StringComparison.Ordinal));
        await client.KillAsync();
        await Eventually.TrueAsync(() => Task.FromResult(!Kubelet.OpenSessions.Any(s => s is { Kind: "containerLogs", Container: "tools" } && IsMine(s))));
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_forwarded_port_carries_requests_and_a_port_without_a_listener_says_so(KubectlRelease release, bool webSockets)
    {
        await using var server = await PageAsync();
        Pod.MapPort(80, new Uri(server.Urls.Single()).Port);
        var kubectl = await KubectlAsync(release, webSockets);
        var local = Ports.Free();
        var other = Ports.Free();
        await using var client = await kubectl.StartAsync("port-forward", "-n", Pod.Namespace, Pod.Name, $"{local}:80", $"{other}:81");
        await client.WritesAsync($"127.0.0.1:{other}");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        for (var times = 0; times < 3; times++)
        {
            using var answer = await http.PostAsync($"http://127.0.0.1:{local}/path", new ByteArrayContent(new byte[1_000_000]));
            (await answer.Content.ReadAsStringAsync()).Should().Be("1000000 bytes for /path");
        }

        var session = Kubelet.OpenSessions.Should().ContainSingle(s => s.Kind == "portForward" && IsMine(s)).Subject;
        session.Protocol.Should().Be("SPDY/3.1 portforward.k8s.io");
        var refused = () => http.GetAsync($"http://127.0.0.1:{other}/");
        await refused.Should().ThrowAsync<HttpRequestException>();
        await client.WritesAsync("connection refused");
        await client.KillAsync();
        await session.Ended.Soon("the end of the forwarding", s_soon);
        session.Connections.Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_client_that_is_killed_takes_its_processes_along(KubectlRelease release, bool webSockets)
    {
        var kubectl = await KubectlAsync(release, webSockets);
        await using var client = await kubectl.StartAsync([.. In("tools", "exec"), "-i", "--", "sh", "-c", Sleeper]);
        await client.WritesAsync("child ");
        var session = await Kubelet.SessionAsync(s => s is { Kind: "exec", ProcessId: > 0, Command: [_, _, Sleeper] } && IsMine(s), "the exec");

        await client.KillAsync();

        await session.Ended.Soon("the end of the exec", s_soon);
        Directory.Exists($"/proc/{session.ProcessId}").Should().BeFalse();
        var child = int.Parse(client.Output.Split("child ")[1], CultureInfo.InvariantCulture);
        await Eventually.TrueAsync(() => Task.FromResult(!IsAlive(child)));
    }

    [ServerFact(MinMinor = 25)]
    public async Task Debug_adds_a_container_and_attaches_to_it()
    {
        var kubectl = await KubectlAsync(Current, webSockets: true);
        await using var shell = await kubectl.OpenTerminalAsync(
            new(80, 24), "debug", "-it", "-n", Pod.Namespace, Pod.Name, "--image=test.invalid/debug:1", "--target=tools", "--container=debugger");
        await Kubelet.SessionAsync(s => s is { Kind: "attach", Container: "debugger", ProcessId: > 0 } && IsMine(s), "the debugger");

        await shell.TypeAsync("echo $CONTAINER has $((6*7))\r");
        await shell.WritesAsync("debugger has 42");
        await shell.TypeAsync("exit\r");

        await shell.Exit.Soon("the end of the debugger");
        Pod["debugger"].IsEphemeral.Should().BeTrue();
        await Eventually.TrueAsync(async () => (await fixture.ControlPlane.AdminAsync(
            ["get", "pod", Pod.Name, "-n", Pod.Namespace, "-o", "jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"])) == "0");
    }

    [Fact]
    public async Task A_web_socket_client_runs_a_command()
    {
        const string Command = "read x; echo $x; echo e >&2; exit 5";
        using var handler = Handler("admin");
        using var http = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        var server = new UriBuilder(fixture.ControlPlane.Server)
        {
            Scheme = "wss", Path = $"/api/v1/namespaces/{Pod.Namespace}/pods/{Pod.Name}/exec",
            Query = $"container=tools&stdin=true&stdout=true&stderr=true&command=sh&command=-c&command={Uri.EscapeDataString(Command)}",
        };
        await socket.ConnectAsync(server.Uri, http, CancellationToken.None);
        var session = await Kubelet.SessionAsync(s => s is { Kind: "exec", Command: [_, _, Command] } && IsMine(s), "the exec");
        await socket.SendAsync(Encoding.UTF8.GetBytes("\0hello\n"), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);

        var channels = await ReadAllAsync(socket);

        session.Protocol.Should().Be("WebSocket v4.channel.k8s.io");
        channels[1].Should().Be("hello\n");
        channels[2].Should().Be("e\n");
        channels[3].Should().Contain("\"NonZeroExitCode\"").And.Contain("\"message\":\"5\"");
    }

    [Fact]
    public async Task Only_the_API_server_gets_an_answer()
    {
        var path = $"containerLogs/{Pod.Namespace}/{Pod.Name}/tools";

        (await AskAsync(path, null)).Should().Be(HttpStatusCode.Unauthorized);
        (await AskAsync(path, "admin")).Should().Be(HttpStatusCode.Forbidden);
        (await AskAsync(path, "kubelet-client")).Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_deleted_pod_is_stopped_and_goes()
    {
        var pod = await Kubelet.RunPodAsync(Pod.Namespace, $"gone-{Guid.NewGuid():N}", new ContainerSpec("main") { Command = ["sleep", "3600"] });

        await fixture.ControlPlane.AdminAsync(["delete", "pod", pod.Name, "-n", pod.Namespace, Integration.Eventually.KubectlTimeout]);

        (await fixture.ControlPlane.KubectlAsync(fixture.ControlPlane.AdminKubeconfig, ["get", "pod", pod.Name, "-n", pod.Namespace])).Error
            .Should().Contain("NotFound");
    }

    [Fact]
    public async Task Nothing_is_left_when_a_kubelet_has_ended()
    {
        var kubelet = await TestKubelet.StartAsync(fixture.ControlPlane);
        var pod = await kubelet.RunPodAsync(
            Pod.Namespace, $"left-{Guid.NewGuid():N}", new ContainerSpec("main") { Command = ["sh", "-c", "echo up; sleep 3600"] });
        var kubectl = await KubectlAsync(Current, webSockets: false);
        await using var exec = await kubectl.StartAsync("exec", "-n", pod.Namespace, pod.Name, "--", "sleep", "3600");
        var session = await kubelet.SessionAsync(s => s is { Kind: "exec", ProcessId: > 0 }, "the exec");

        await kubelet.DisposeAsync();

        session.IsOpen.Should().BeFalse();
        IsAlive(session.ProcessId).Should().BeFalse();
        Directory.Exists(pod["main"].Directory).Should().BeFalse();
        (await fixture.ControlPlane.AdminAsync(["get", "nodes", "-o", "name"])).Should().NotContain(kubelet.NodeName);
        await exec.Exit.Soon("the end of the client", s_soon);
    }

    private static bool IsAlive(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone, perhaps between the opening and the reading of the file.
            return false;
        }
    }

    private static async Task<WebApplication> PageAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var page = builder.Build();
        page.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.WriteAsync($"{body.Length} bytes for {context.Request.Path}");
        });
        await page.StartAsync();
        return page;
    }

    private static async Task<Dictionary<int, string>> ReadAllAsync(WebSocket socket)
    {
        var channels = new Dictionary<int, string>();
        var buffer = new byte[4096];
        using var timeUp = new CancellationTokenSource(Integration.Eventually.Limit, TimeProvider.System);
        while (await socket.ReceiveAsync(buffer.AsMemory(), timeUp.Token) is { MessageType: not WebSocketMessageType.Close } message)
        {
            channels[buffer[0]] = channels.GetValueOrDefault(buffer[0], "") + Encoding.UTF8.GetString(buffer.AsSpan(1, message.Count - 1));
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", timeUp.Token);
        return channels;
    }

    /// <summary>Trusts the control plane's authority, and has one of its client certificates; null for none.</summary>
    private SocketsHttpHandler Handler(string? client)
    {
        var pki = Path.Combine(fixture.ControlPlane.Directory, "pki");
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new()
            {
                CertificateChainPolicy = new()
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
                    CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(fixture.ControlPlane.CaCertificate) },
                },
            },
        };
        if (client is not null)
        {
            handler.SslOptions.ClientCertificates =
                [X509Certificate2.CreateFromPemFile(Path.Combine(pki, $"{client}.crt"), Path.Combine(pki, $"{client}.key"))];
        }

        return handler;
    }

    private async Task<HttpStatusCode> AskAsync(string path, string? client)
    {
        using var http = new HttpClient(Handler(client));
        using var answer = await http.GetAsync($"https://127.0.0.1:{Kubelet.Port}/{path}");
        return answer.StatusCode;
    }

    private bool IsMine(KubeletSession session) => session.Pod == $"{Pod.Namespace}/{Pod.Name}";

    private string[] In(string container, string verb) => [verb, "-n", Pod.Namespace, Pod.Name, KeyOfContainer, container];

    private Task<Kubectl> KubectlAsync(KubectlRelease release, bool webSockets) =>
        Kubectl.OfAsync(release, fixture.ControlPlane.AdminKubeconfig, webSockets);
}
