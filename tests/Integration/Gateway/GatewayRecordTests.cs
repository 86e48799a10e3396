using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Kube.Client;
using TestKit;
using TestKit.Kubelet;
using Xunit;
using static TestKit.Kubelet.KubectlRelease;

namespace Integration.Gateway;

/// <summary>What the record of a grant says of its use through the gateway, on an API server that posts no audit events.</summary>
public sealed class GatewayRecordTests(JournalGateway shared) : IClassFixture<JournalGateway>, IAsyncLifetime
{
    private TestKubelet _kubelet = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _kubelet = await TestKubelet.StartAsync(shared.Cluster.ControlPlane);

    /// <inheritdoc/>
    public async Task DisposeAsync() => await _kubelet.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_commands_and_forwarded_ports_are_in_the_session_and_in_the_journal(bool webSockets)
    {
        var incident = await Incident.BeginAsync(shared.Cluster, "  session: {path: Gateway}");
        var pod = await _kubelet.RunPodAsync(incident.Namespace, "web", new ContainerSpec("tools"));
        await using var page = await PodContent.ServeAsync(pod);
        await incident.ActivateAsync();
        var kubectl = await Kubectl.OfAsync(Current, await incident.FetchKubeconfigAsync(), webSockets);
        (await kubectl.RunAsync("get", "configmap", "checkout", "-n", pod.Namespace)).OrThrow();
        (await kubectl.RunAsync("get", "--raw", $"/api/v1/namespaces/{pod.Namespace}/secrets?limit=1&access_token=hidden")).OrThrow();
        (await kubectl.RunAsync("get", "secrets", "-n", "kube-system")).ExitCode.Should().NotBe(0);
        (await kubectl.RunAsync("exec", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "echo", "hello")).OrThrow().Should().Be("hello\n");
        var local = Ports.Free();
        await using (var forward = await kubectl.StartAsync("port-forward", "-n", pod.Namespace, pod.Name, $"{local}:80"))
        {
            await forward.WritesAsync($"127.0.0.1:{local}");
            await PodContent.SendMegabyteAsync(local);
        }

        var session = await Eventually.GetAsync(
            async () => await SessionAsync(incident) is { } read && Rows(read).Any(r => r.Subresource == "portforward")
                && Rows(read).Any(r => r.Subresource == "exec") ? read : null,
            () => shared.Operator.Log + shared.Gateway.Log, expected: "the session with exec and port-forward");
        var rows = Rows(session);
        rows.Should().Contain(r => r.Verb == "get" && r.Resource == "configmaps" && r.Name == "checkout" && r.Count == 1 && r.Result == ActionResult.Allowed);
        rows.Should().Contain(r => r.Verb == "list" && r.Resource == "secrets" && r.Namespace == pod.Namespace && r.Count == 1);
        rows.Should().Contain(r => r.Verb == "list" && r.Resource == "secrets" && r.Namespace == "kube-system" && r.Result == ActionResult.Denied);
        rows.Should().Contain(r => r.Subresource == "exec" && r.Name == "web" && r.Count == 1 && r.Command == "echo hello");
        rows.Should().Contain(r => r.Subresource == "portforward" && r.Name == "web");

        // The gateway's watch brings the revocation a moment later.
        await incident.RevokeAsync();
        await Eventually.TrueAsync(
            async () => (await kubectl.RunAsync("get", "configmaps", "-n", pod.Namespace)).ExitCode != 0, () => shared.Gateway.Log,
            expected: "a refusal after the revocation");
        var grant = await Eventually.GetAsync(
            async () => await shared.Cluster.GrantAsync(incident.Grant) is { Status.Session: { Exec: 1, SecretsRead: 1, Denied: >= 2 } } read ? read : null,
            () => shared.Operator.Log, expected: "the totals");
        grant.Status.Session!.SourceIps.Should().Equal("127.0.0.1");

        var events = await Eventually.GetAsync(() =>
        {
            var read = Events(incident);
            bool Has(string subresource) => read.Any(e => e.Subresource == subresource && e is { Stage: "ResponseComplete", Code: 101 });
            return Task.FromResult(read.Any(e => e.Code == 401) && Has("exec") && Has("portforward") ? read : null);
        }, () => shared.Operator.Log, expected: "the events in the journal");
        events.Where(e => e.Stage == "ResponseComplete").Should().OnlyContain(e => e.BytesIn != null && e.BytesOut != null);
        events.Single(e => e is { Subresource: "exec", Stage: "ResponseComplete", Code: 101 }).BytesOut.Should().BeGreaterThan("hello".Length);
        events.Single(e => e is { Subresource: "portforward", Stage: "ResponseComplete", Code: 101 }).BytesIn.Should().BeGreaterThan(1_000_000);
        events.Where(e => e.Stage == "ResponseComplete").Select(e => e.AuditId).Should().OnlyHaveUniqueItems();
        JournalCheck.Run(shared.Read, shared.Key.Verifier).Problems.Should().BeEmpty();
        await Eventually.TrueAsync(NothingHiddenIsWrittenAsync, expected: "a journal of which no file moves while it is read");
    }

    [Fact]
    public async Task A_replica_that_is_asked_to_stop_reports_its_streams_and_ends_them_and_clients_go_on_at_another_one()
    {
        var port = Ports.Free();
        await using var replica = await shared.StartReplicaAsync(port);
        var incident = await Incident.BeginAsync(shared.Cluster, "  session: {path: Gateway}");
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        var kubectl = await Kubectl.OfAsync(Current, kubeconfig);
        string[] watch = ["get", "configmaps", "-n", incident.Namespace, "-w", "-o", "name"];
        await using var goesOn = await kubectl.StartAsync(watch);
        await using var ends = await kubectl.StartAsync([.. watch, $"--server=https://localhost:{port}"]);
        await goesOn.WritesAsync("configmap/checkout");
        await ends.WritesAsync("configmap/checkout");
        await shared.Cluster.AdminAsync("create", "configmap", "before", "-n", incident.Namespace);
        await goesOn.WritesAsync("configmap/before");
        await ends.WritesAsync("configmap/before");

        (await replica.StopAsync()).Should().Be(0, replica.Log);

        await ends.Exit.Soon("the end of the watch at the replica that was stopped");
        List<SessionEvent> ended = [];
        await Eventually.TrueAsync(
            () => Task.FromResult((ended = [.. Events(incident).Where(e => e is { Verb: "watch", Stage: "ResponseComplete" })]).Count > 0),
            () => shared.Operator.Log + replica.Log, expected: "the end of the watch in the journal");
        ended.Should().ContainSingle("the other watch goes on").Which.BytesOut.Should().BeGreaterThan(0);
        await shared.Cluster.AdminAsync("create", "configmap", "after", "-n", incident.Namespace);
        await goesOn.WritesAsync("configmap/after");
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue("the grant goes on, and the other replica serves it");
        await incident.RevokeAsync();
        await goesOn.Exit.Soon("the end of the watch at the other replica");
    }

    [Fact]
    public async Task A_shell_that_is_used_stays_and_one_that_is_not_ends_with_its_idle_timeout_without_audit_events()
    {
        var incident = await Incident.BeginAsync(shared.Cluster, "  session: {path: Gateway}\n  idleTimeout: 30s");
        var pod = await _kubelet.RunPodAsync(incident.Namespace, "web", new ContainerSpec("tools"));
        await incident.ActivateAsync();
        var kubectl = await Kubectl.OfAsync(Current, await incident.FetchKubeconfigAsync());
        await using var shell = await kubectl.OpenTerminalAsync(new(200, 30), "exec", "-it", "-n", pod.Namespace, pod.Name, "-c", "tools", "--", "sh");
        var session = await _kubelet.SessionAsync(s => s is { Kind: "exec", ProcessId: > 0 } && s.Pod == $"{pod.Namespace}/{pod.Name}", "the shell");
        DateTimeOffset last = default;
        for (var i = 0; i < 5; i++)
        {
            last = TimeProvider.System.GetUtcNow();
            await shell.TypeAsync($"echo in $((20+{i}))\r");
            await shell.WritesAsync($"in {20 + i}");
            await Eventually.AtAsync(last.AddSeconds(9));
        }

        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active, "it was used all the time, for longer than its idle timeout");

        await session.Ended.Soon("the end of the shell");
        var grant = await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.Idle);
        (grant.Status.EndedAt >= last.AddSeconds(30)).Should().BeTrue("its last use was then");
    }

    /// <summary>Reads all files of the journal; false if one was moved or is being written, which nobody else can read.</summary>
    private async Task<bool> NothingHiddenIsWrittenAsync()
    {
        try
        {
            foreach (var file in Directory.GetFiles(shared.Folder, "*", SearchOption.AllDirectories))
                Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)).Should().NotContain("hidden");
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Task<BreakGlassSession?> SessionAsync(Incident incident) =>
        shared.Cluster.Admin.TryGetAsync<BreakGlassSession>(incident.Grant, null, CancellationToken.None);

    private List<SessionEvent> Events(Incident incident) =>
        [.. JournalCheck.RunFor(shared.Read, shared.Key.Verifier, incident.Grant).Entries.SelectMany(e => e.Entry.Data.Events ?? [])];

    private static List<SessionAction> Rows(BreakGlassSession session) => [.. session.Status.Actions];
}
