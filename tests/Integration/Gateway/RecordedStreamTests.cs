using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit;
using TestKit.Kubelet;
using Xunit;

namespace Integration.Gateway;

/// <summary>Shells and commands that are recorded, on a real API server with a real kubectl: what is displayed is stored, and the journal proves it.</summary>
public sealed partial class RecordedStreamTests(RecordingCluster shared) : IClassFixture<RecordingCluster>, IAsyncLifetime
{
    /// <summary>A shell that displays nothing before it has the size of the client's terminal.</summary>
    private const string SizedShell = "until [ \"$(stty size)\" = '40 120' ]; do sleep 0.1; done; echo sized $((1+1)); exec sh";

    private static readonly TimeSpan s_soon = Eventually.Limit;

    private TestKubelet _kubelet = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _kubelet = await TestKubelet.StartAsync(shared.Cluster.ControlPlane.Directory, servesV5: true);

    /// <inheritdoc/>
    public async Task DisposeAsync() => await _kubelet.DisposeAsync();

    [Fact]
    public async Task An_interactive_shell_of_kubectl_is_recorded_until_its_grant_is_revoked()
    {
        var (incident, pod, kubectl, _) = await OpenAsync(KubectlRelease.Current, webSockets: true);
        await using var shell = await kubectl.OpenTerminalAsync(
            new(120, 40), "exec", "-it", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "sh", "-c", SizedShell);
        await shell.WritesAsync("sized 2");
        await shell.TypeAsync("echo in $((20+22))\r");
        await shell.WritesAsync("in 42");
        shell.Resize(new(100, 30));
        await shell.TypeAsync("while [ \"$(stty size)\" != '30 100' ]; do sleep 0.1; done; echo resized $((1+1))\r");
        await shell.WritesAsync("resized 2");

        await incident.RevokeAsync();

        await shell.Exit.Soon("the end of kubectl", s_soon);
        var parts = await RecordedAsync(incident);
        parts[^1].Request.Should().Be($"exec -n {pod.Namespace} {pod.Name} -c tools -- sh -c {SizedShell}");
        var lines = Unpacked(incident, await incident.ReadAsync(), parts);
        lines[0].Should().Contain("\"version\":2").And.Contain("\"width\":120").And.Contain("\"height\":40");
        var events = Events(lines);
        Text(events, "o").Should().Contain("in 42").And.Contain("resized 2");
        events.Should().Contain(e => e.Code == "r" && e.Data == "100x30");
        events.Should().NotContain(e => e.Code == "i", "what is typed is not recorded");
        events[^1].Code.Should().Be("m");
        events[^1].Data.Should().MatchRegex(EndedBecause(incident));
        JournalCheck.Run(shared.Read, shared.Key.Verifier).Problems.Should().BeEmpty();
    }

    [Fact]
    public async Task An_attached_client_of_kubectl_is_recorded_until_its_grant_is_revoked()
    {
        var (incident, pod, kubectl, _) = await OpenAsync(KubectlRelease.Current, webSockets: true);
        await using var client = await kubectl.StartAsync("attach", "-i", "-n", pod.Namespace, pod.Name, "-c", "echo");
        await _kubelet.SessionAsync(
            s => s is { Kind: "attach", Container: "echo", ProcessId: > 0 } && s.Pod == $"{pod.Namespace}/{pod.Name}", "the attached client");
        await client.TypeAsync("a word\n");
        await client.WritesAsync("heard a word");

        await incident.RevokeAsync();

        await client.Exit.Soon("the end of kubectl", s_soon);
        var parts = await RecordedAsync(incident);
        parts[^1].Request.Should().Be($"attach -n {pod.Namespace} {pod.Name} -c echo");
        var events = Events(Unpacked(incident, await incident.ReadAsync(), parts));
        Text(events, "o").Should().Contain("heard a word\n");
        events.Should().NotContain(e => e.Code == "i", "what is typed is not recorded");
        events[^1].Code.Should().Be("m");
        events[^1].Data.Should().MatchRegex(EndedBecause(incident));
    }

    [OldServerFact]
    public async Task On_an_API_server_without_the_protocol_of_kubectl_a_person_reads_which_release_records()
    {
        await using var kubelet = await TestKubelet.StartAsync(shared.Cluster.ControlPlane);
        var (incident, pod, kubectl, _) = await OpenAsync(KubectlRelease.Current, webSockets: true, kubelet: kubelet);
        (await kubectl.RunAsync("exec", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "sh")).Error.Should()
            .Contain("Kubernetes 1.30 or later on the API server", "kubectl tried WebSocket first, and the API server lacks it");
        await incident.RevokeAsync();
    }

    [Fact]
    public async Task A_command_over_the_protocol_of_older_clients_is_recorded_with_its_exit_status()
    {
        var (incident, pod, _, kubeconfig) = await OpenAsync(KubectlRelease.Current, webSockets: true, ", recordInput: true");
        var path = $"/api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}/exec?container=tools&stdin=true&stdout=true&stderr=true"
            + "&command=sh&command=-c&command=" + Uri.EscapeDataString("read x; echo \"got $x\"; echo err >&2; exit 7");
        using var socket = await ConnectAsync(kubeconfig, path);
        await socket.SendAsync((byte[])[0, .. "größe\n"u8], WebSocketMessageType.Binary, true, CancellationToken.None);
        await ReadToEndAsync(socket);

        var lines = Unpacked(incident, await incident.ReadAsync(), await RecordedAsync(incident));
        lines[0].Should().Contain("\"width\":80").And.Contain("\"height\":24");
        var events = Events(lines);
        Text(events, "o").Should().Contain("got größe\n").And.Contain("err\n");
        Text(events, "i").Should().Be("größe\n");
        Text(events, "m").Should().Be("exit status: 7");
        await incident.RevokeAsync();
    }

    [Fact]
    public async Task Where_the_policy_requires_it_a_shell_ends_and_nothing_begins_while_the_operator_takes_no_recording()
    {
        var (incident, pod, kubectl, kubeconfig) = await OpenAsync(KubectlRelease.Current, webSockets: true, ", onRecordingFailure: End");
        var path = $"/api/v1/namespaces/{pod.Namespace}/pods";
        await using var shell = await kubectl.OpenTerminalAsync(new(200, 30), "exec", "-it", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "sh");
        var session = await _kubelet.SessionAsync(s => s is { Kind: "exec", ProcessId: > 0 } && s.Pod == $"{pod.Namespace}/{pod.Name}", "the shell");
        (await GetAsync(kubeconfig, path)).Code.Should().Be(HttpStatusCode.OK);

        await shared.Operator.SignalAsync("STOP");
        try
        {
            await session.Ended.Soon("the end of the shell at the kubelet", s_soon);
            await shell.Exit.Soon("the end of kubectl", s_soon);
            await shell.WritesAsync("the gateway cannot record the session");
            var (code, text) = await GetAsync(kubeconfig, path);
            code.Should().Be(HttpStatusCode.ServiceUnavailable, text);
            text.Should().Contain("onRecordingFailure: End");
        }
        finally
        {
            await shared.Operator.SignalAsync("CONT");
        }

        await Eventually.TrueAsync(
            async () => (await GetAsync(kubeconfig, path)).Code == HttpStatusCode.OK, () => shared.Gateway.Log,
            expected: "answers when the operator takes recordings again");
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active, "the grant itself does not end");
        await incident.RevokeAsync();
    }

    [Theory]
    [InlineData(KubectlRelease.Debian)]
    [InlineData(KubectlRelease.Current)]
    public async Task A_client_that_offers_only_SPDY_reads_what_it_needs_and_can_forward_ports(KubectlRelease release)
    {
        var (incident, pod, kubectl, _) = await OpenAsync(release, webSockets: false);
        var answer = await kubectl.RunAsync("exec", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "id");
        answer.ExitCode.Should().NotBe(0);
        answer.Error.Should().Contain("kubectl 1.31").And.Contain("KUBECTL_REMOTE_COMMAND_WEBSOCKETS");
        var local = Ports.Free();
        await using var forward = await kubectl.StartAsync("port-forward", "-n", pod.Namespace, pod.Name, $"{local}:80");
        await forward.WritesAsync($"127.0.0.1:{local}");
        await incident.RevokeAsync();
        await forward.Exit.Soon("the end of the forwarding", s_soon);
    }

    private async Task<(Incident Incident, TestPod Pod, Kubectl Kubectl, string Kubeconfig)> OpenAsync(
        KubectlRelease release, bool webSockets, string session = "", TestKubelet? kubelet = null)
    {
        var incident = await Incident.BeginAsync(shared.Cluster, $"  session: {{path: Gateway, record: Streams{session}}}");
        var pod = await (kubelet ?? _kubelet).RunPodAsync(incident.Namespace, "web", new ContainerSpec("tools"), PodContent.Echo);
        var grant = await incident.ActivateAsync();
        grant.Status.Recording!.Record.Should().Be(RecordingMode.Streams);
        var kubeconfig = await incident.FetchKubeconfigAsync();
        return (incident, pod, await Kubectl.OfAsync(release, kubeconfig, webSockets), kubeconfig);
    }

    /// <summary>The parts of the grant's only recording, as the journal proves them, once the last one is there.</summary>
    private async Task<IReadOnlyList<RecordingPart>> RecordedAsync(Incident incident)
    {
        GrantReport? report = null;
        IReadOnlyList<RecordingPart> Parts() => [.. report!.Entries.Select(e => e.Entry.Data.Recording).OfType<RecordingPart>().OrderBy(p => p.Part)];
        await Eventually.TrueAsync(
            () =>
            {
                report = JournalCheck.RunFor(shared.Read, shared.Key.Verifier, incident.Grant);
                return Task.FromResult(Parts() is [.., { Last: true }]);
            },
            () => $"{string.Join(", ", report!.Entries.Select(e => e.Entry.Id))}\n{shared.Operator.Log}\n{shared.Gateway.Log}",
            expected: $"the last part of the recording of {incident.Grant}");
        report!.Problems.Should().BeEmpty();
        var parts = Parts();
        parts.Select(p => p.Part).Should().Equal(Enumerable.Range(0, parts.Count));
        parts.Should().OnlyContain(p => p.Missing == null && p.Stream == parts[0].Stream);
        return parts;
    }

    /// <summary>The lines of the asciicast; each file must have the hash and the size in its entry.</summary>
    private string[] Unpacked(Incident incident, BreakGlassGrant grant, IReadOnlyList<RecordingPart> parts)
    {
        grant.Metadata.Name.Should().Be(incident.Grant);
        using var cast = new MemoryStream();
        foreach (var part in parts)
        {
            var bytes = shared.Read(RecordingFile.PathOf(grant.Metadata.Uid, part.Stream, part.Part)!)!.Value.ToArray();
            (Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.LongLength).Should().Be((part.Hash, part.Size));
            using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
            gzip.CopyTo(cast);
        }

        return Encoding.UTF8.GetString(cast.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<(string Code, string Data)> Events(string[] lines) =>
        [.. lines.Skip(1).Select(line => JsonDocument.Parse(line).RootElement).Select(e => (e[1].GetString()!, e[2].GetString()!))];

    /// <summary>What the gateway says of a revoked grant: why, and also when it ended, if one look at the grant shows both.</summary>
    private static string EndedBecause(Incident incident) =>
        $@"^ended: the grant {incident.Grant} (is revoked: done|ended at \S+ \(Revoked: [^\n]*: done)";

    private static string Text(IEnumerable<(string Code, string Data)> events, string code) =>
        string.Concat(events.Where(e => e.Code == code).Select(e => e.Data));

    /// <summary>A WebSocket with the certificate of a kubeconfig, and the subprotocol that API servers of all versions know.</summary>
    private static Task<ClientWebSocket> ConnectAsync(string kubeconfig, string path) => WithAsync(kubeconfig, async (invoker, server) =>
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        await socket.ConnectAsync(new Uri(server.Replace("https", "wss", StringComparison.Ordinal) + path), invoker, CancellationToken.None);
        return socket;
    });

    /// <summary>Reads a path once with the certificate of a kubeconfig: kubectl would try again for long.</summary>
    private static Task<(HttpStatusCode Code, string Text)> GetAsync(string kubeconfig, string path) => WithAsync(kubeconfig, async (invoker, server) =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, server + path);
        using var answer = await invoker.SendAsync(request, CancellationToken.None);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    });

    /// <summary>Does something with a client that has the certificate of a kubeconfig, and with its server.</summary>
    private static async Task<T> WithAsync<T>(string kubeconfig, Func<HttpMessageInvoker, string, Task<T>> doAsync)
    {
        var text = await File.ReadAllTextAsync(kubeconfig);
        string Data(string name) => Encoding.UTF8.GetString(Convert.FromBase64String(Value(text, $"{name}-data")));
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Data("certificate-authority"));
        using var certificate = X509Certificate2.CreateFromPem(Data("client-certificate"), Data("client-key"));
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new()
            {
                CertificateChainPolicy = policy, ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
            },
        });
        return await doAsync(invoker, Value(text, "server"));
    }

    private static async Task ReadToEndAsync(ClientWebSocket socket)
    {
        var buffer = new byte[16 * 1024];
        while ((await socket.ReceiveAsync(buffer, CancellationToken.None).Soon("a message", s_soon)).MessageType != WebSocketMessageType.Close)
        {
            // The recording is read, not this.
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).Soon("the end", s_soon);
    }

    private static string Value(string kubeconfig, string name) => Pair().Matches(kubeconfig).First(m => m.Groups["name"].Value == name).Groups["value"].Value;

    [GeneratedRegex("^[ -]*(?<name>[a-z-]+): *\"?(?<value>[^\"\\r\\n]+)\"?\\r?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Pair();
}
