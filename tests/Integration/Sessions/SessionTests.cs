using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Sessions;

/// <summary>What is done with a grant, as the API server's own audit events say it, on a server that posts them to the operator.</summary>
public sealed class SessionTests : IAsyncLifetime, IDisposable
{
    private readonly int _port = Ports.Free();
    private TestCluster? _cluster;
    private HttpClient? _http;

    private TestCluster Cluster => _cluster!;

    private string Token { get; set; } = "";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync(auditPort: _port);
        Token = (await File.ReadAllTextAsync(Cluster.ControlPlane.AuditToken)).Trim();
        var authority = X509CertificateLoader.LoadCertificateFromFile(Cluster.ControlPlane.CaCertificate);
        _http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new() { CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck } },
        })
        { Timeout = TimeSpan.FromSeconds(60) };
    }

    /// <inheritdoc/>
    public void Dispose() => _http?.Dispose();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task The_record_says_exactly_what_was_done_with_a_grant_and_what_was_still_open_at_its_end()
    {
        await using var @operator = await StartAsync(_port);
        var incident = await Incident.BeginAsync(Cluster);
        await Cluster.ApplyAsync(Cluster.ControlPlane.AdminKubeconfig,
            $"apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {incident.Namespace}}}\n"
            + "spec: {automountServiceAccountToken: false, containers: [{name: app, image: none}]}\n");
        var grant = await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        var path = $"/api/v1/namespaces/{incident.Namespace}";

        (await RawAsync(kubeconfig, $"{path}/configmaps/checkout")).ExitCode.Should().Be(0);
        (await RawAsync(kubeconfig, $"{path}/configmaps/checkout")).ExitCode.Should().Be(0);
        (await RawAsync(kubeconfig, $"{path}/secrets")).ExitCode.Should().Be(0);
        (await RawAsync(kubeconfig, "/api/v1/nodes")).Error.Should().Contain("orbidden");
        (await RawAsync(kubeconfig, $"{path}/configmaps", "--as", $"system:serviceaccount:{incident.Namespace}:default")).Error.Should().Contain("orbidden");
        (await Cluster.ControlPlane.KubectlAsync(
            kubeconfig, ["create", "--raw", $"{path}/pods/web/exec?command=id&command=-u&container=app", "-f", "-"], "{}")).ExitCode.Should().NotBe(0);

        // Kubernetes 1.20.2 was seen to send no event while a watch is open; others do.
        var stream = Event($"system:serviceaccount:breakglass-grants:{GrantNames.Identity(grant)}", "stream", TimeProvider.System.GetUtcNow());
        (stream["stage"], stream["verb"], stream["requestURI"]) = ("ResponseStarted", "watch", $"{path}/configmaps?watch=true");
        stream["objectRef"] = new JsonObject { ["resource"] = "configmaps", ["namespace"] = incident.Namespace, ["apiVersion"] = "v1" };
        stream["sourceIPs"] = new JsonArray("127.0.0.1");
        (await PostAsync(_port, List(stream))).Code.Should().Be(HttpStatusCode.OK);

        var session = await Eventually.GetAsync(
            async () => await SessionAsync(incident) is { } read && Rows(read).Sum(a => a.Count) >= 7 ? read : null, () => @operator.Log,
            expected: "the session of all requests");
        session.OwnersOrEmpty.Should().ContainSingle().Which.Uid.Should().Be(grant.Metadata.Uid);
        (session.Status.GrantUid, session.Status.Policy, session.Status.Requester).Should().Be((grant.Metadata.Uid, incident.Policy, "alice"));
        Rows(session).Select(Show).Should().BeEquivalentTo(
            $"2 get configmaps  {incident.Namespace}/checkout Allowed",
            $"1 list secrets  {incident.Namespace}/ Allowed",
            "1 list nodes  / Denied",
            $"1 list configmaps  {incident.Namespace}/ Denied as system:serviceaccount:{incident.Namespace}:default",
            $"1 create pods exec {incident.Namespace}/web Failed: id -u",
            $"1 watch configmaps  {incident.Namespace}/ Allowed");

        var summed = await Eventually.GetAsync(
            async () => await SumsAgreeAsync(incident), () => @operator.Log, expected: "status.session of all requests");
        summed.Status.Session.Should().BeEquivalentTo(new { Writes = 0, Denied = 2, Exec = 0, PortForward = 0, SecretsRead = 1, OpenStreams = 1,
            SourceIps = (string[])["127.0.0.1"], MoreSourceIps = 0, MoreUserAgents = 0, Truncated = false, ByName = false });
        summed.Status.Phase.Should().Be(GrantPhase.Active);

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        var noted = await Eventually.GetAsync(
            async () => await SumsAgreeAsync(incident) is { Status.Residue: [.., var last] } read
                && last.StartsWith("open ", StringComparison.Ordinal) ? read : null, () => @operator.Log, expected: "the open watch in status.residue");
        noted.Status.Residue.Should().ContainSingle().Which.Should().StartWith($"open watch configmaps {incident.Namespace}/(no name) (since ");
        Rows((await SessionAsync(incident))!).Sum(a => a.Count).Should().Be(7, "nothing was done after the end");
        (await @operator.MetricsAsync())["breakglass_operator_access_after_revocation_total"].Should().Be(0);
        await Cluster.AdminAsync("delete", "bgg", incident.Grant);
        await Eventually.TrueAsync(async () => await SessionAsync(incident) is null, expected: "the end of the session with its grant");
    }

    [Fact]
    public async Task Two_replicas_count_in_rows_of_their_own_and_posts_that_are_wrong_count_nothing()
    {
        var (first, second) = (Ports.Free(), Ports.Free());
        await using var a = await StartAsync(first, "--leader-elect=true");
        await using var b = await StartAsync(second, "--leader-elect=true");
        var incident = await Incident.BeginAsync(Cluster);
        var grant = await incident.ActivateAsync();
        var (now, identity) = (TimeProvider.System.GetUtcNow(), $"system:serviceaccount:breakglass-grants:{GrantNames.Identity(grant)}");

        (await PostAsync(first, List(Event(identity, "1", now)), token: null)).Should().Be((HttpStatusCode.Unauthorized, ""));
        (await PostAsync(first, List(Event(identity, "1", now)), token: Token + "x")).Code.Should().Be(HttpStatusCode.Unauthorized);
        (await PostAsync(first, List(Event(identity, "1", now))[..^1])).Should().Match<(HttpStatusCode Code, string Text)>(
            answer => answer.Code == HttpStatusCode.BadRequest && answer.Text.Contains("not valid JSON"));
        (await PostAsync(first, new string(' ', (10 * 1024 * 1024) + 1))).Code.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        (await PostAsync(first, List(Event(identity, "1", now), Event("system:node:a", "n", now)))).Code.Should().Be(HttpStatusCode.OK);
        (await PostAsync(first, List(Event(identity, "1", now)))).Code.Should().Be(HttpStatusCode.OK, "the API server asks again what was not answered");
        (await PostAsync(second, $"{Event(identity, "2", now.AddHours(-3)).ToJsonString()}\n{Event(identity, "3", now).ToJsonString()}\n")).Code
            .Should().Be(HttpStatusCode.OK);

        var summed = await Eventually.GetAsync(
            async () => await Cluster.GrantAsync(incident.Grant) is { Status.Session.Requests: 3 } read ? read : null, () => a.Log + b.Log,
            expected: "status.session of both replicas");
        summed.Status.Session!.LastActivityAt.Should().Be(Timestamp.Millis(now));
        var session = (await SessionAsync(incident))!;
        session.Status.Parts.Select(p => p.Totals.Requests).Should().BeEquivalentTo([1L, 2L]);
        session.Status.Actions.Select(r => (r.Count, r.Verb, r.Resource)).Should().BeEquivalentTo([(1L, "get", "configmaps"), (2L, "get", "configmaps")]);
        var (one, two) = (await a.MetricsAsync(), await b.MetricsAsync());
        (Result(one, "kept"), Result(one, "foreign"), Result(one, "duplicate"), Result(one, "refused")).Should().Be((1, 1, 1, 2));
        (Result(two, "kept"), Result(two, "late")).Should().Be((1, 1));

        await incident.RevokeAsync();
        var over = await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        var ended = over.Status.EndedAt!.Value;
        await PostAsync(second, List(Event(identity, "4", ended.AddSeconds(3)), Event(identity, "5", ended.AddSeconds(30), code: 403)));
        (await b.MetricsAsync())["breakglass_operator_access_after_revocation_total"].Should().Be(0, "one is within the margin, the other was refused");
        await Eventually.AtAsync(ended.AddSeconds(6)); // an event from the future is not believed
        await PostAsync(second, List(Event(identity, "6", ended.AddSeconds(6))));
        (await b.MetricsAsync())["breakglass_operator_access_after_revocation_total"].Should().Be(1);
        await Eventually.TrueAsync(
            async () => (await Cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Any(e => e is ("Warning", "AccessAfterRevocation", _)), () => b.Log,
            expected: "a Warning AccessAfterRevocation");
        await Eventually.TrueAsync(
            async () => (await Cluster.GrantAsync(incident.Grant))?.Status.Session?.Requests == 6, () => a.Log + b.Log,
            expected: "late events in status.session");
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Revoked);
    }

    [Fact]
    public async Task Each_request_of_a_grant_is_in_the_journal_once_whichever_replica_received_it_and_whichever_leads()
    {
        var (folder, second) = (Path.Combine(Cluster.ControlPlane.Directory, "journal"), Ports.Free());
        var key = SigningKey.Of("breakglass.example.com/test", new byte[32]);
        await File.WriteAllTextAsync(folder + ".key", key.ToSecretText());
        string[] journal = ["--leader-elect=true", "--lease-duration=15s", "--renew-deadline=10s", "--retry-period=1s", $"--journal-directory={folder}",
            $"--journal-key={folder}.key"];
        await using var leader = await StartAsync(second, journal);
        await Eventually.TrueAsync(leader.LeadsAsync, () => leader.Log);

        // The API server posts to a replica that does not lead.
        await using var other = await StartAsync(_port, journal);
        var incident = await Incident.BeginAsync(Cluster);
        var grant = await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        var path = $"/api/v1/namespaces/{incident.Namespace}";
        for (var i = 0; i < 3; i++) (await RawAsync(kubeconfig, $"{path}/configmaps/checkout")).ExitCode.Should().Be(0);
        (await RawAsync(kubeconfig, "/api/v1/nodes")).Error.Should().Contain("orbidden");
        (await Cluster.ControlPlane.KubectlAsync(
            kubeconfig, ["create", "--raw", $"{path}/pods/web/exec?command=id&command=-u&container=app", "-f", "-"], "{}")).ExitCode.Should().NotBe(0);
        var identity = $"system:serviceaccount:breakglass-grants:{GrantNames.Identity(grant)}";
        var own = List(Event(identity, "of-the-leader", TimeProvider.System.GetUtcNow()));
        for (var i = 0; i < 2; i++) (await PostAsync(second, own)).Code.Should().Be(HttpStatusCode.OK);

        GrantReport? report = null;
        ReadOnlyMemory<byte>? Read(string file)
        {
            if (!File.Exists(Path.Combine(folder, file))) return null;
            return File.ReadAllBytes(Path.Combine(folder, file));
        }

        async Task<IReadOnlyList<SessionEvent>> EventsAsync(int count, string expected) => await Eventually.GetAsync(() =>
        {
            report = JournalCheck.RunFor(Read, key.Verifier, incident.Grant);

            // The start of the exec is an event of its own, which Kubernetes 1.20 does not always send.
            var read = report.Entries.SelectMany(e => e.Entry.Data.Events ?? [])
                .Where(e => e.Resource != "/version" && e.Stage != "ResponseStarted").ToList();
            return Task.FromResult<IReadOnlyList<SessionEvent>?>(read.Count >= count ? read : null);
        }, () => leader.Log + other.Log, expected: expected);

        var events = await EventsAsync(6, "the events of both replicas");
        report!.Problems.Should().BeEmpty();
        events.Select(e => $"{e.Verb} {e.Resource} {e.Subresource} {e.Name} {e.Code} {e.Command}").Order(StringComparer.Ordinal).Should().Equal(
            "create pods exec web 404 id -u", "get configmaps  checkout 200 ", "get configmaps  checkout 200 ", "get configmaps  checkout 200 ",
            "get configmaps  checkout 200 ", "list nodes   403 ");
        events.Select(e => e.AuditId).Should().OnlyHaveUniqueItems().And.Contain("of-the-leader");
        report.Entries.Select(e => e.Entry.Id.Split('/')).Where(id => id[1] == "events").Select(id => id[2]).Distinct().Should().HaveCount(2);

        // What is on its way when the leader is killed is appended by the next one.
        await leader.KillAsync();
        (await PostAsync(_port, List(Event(identity, "without-a-leader", TimeProvider.System.GetUtcNow())))).Code.Should().Be(HttpStatusCode.OK);
        events = await EventsAsync(7, "the event that came while no replica led");
        events.Select(e => e.AuditId).Should().OnlyHaveUniqueItems().And.Contain("without-a-leader");

        // And what is in memory when a replica stops.
        (await PostAsync(_port, List(Event(identity, "at-the-end", TimeProvider.System.GetUtcNow())))).Code.Should().Be(HttpStatusCode.OK);
        (await other.StopAsync()).Should().Be(0);
        await using var next = await StartAsync(second, journal);
        events = await EventsAsync(8, "the event that came just before the end");
        events.Select(e => e.AuditId).Should().OnlyHaveUniqueItems().And.Contain("at-the-end");
        await Eventually.TrueAsync(() => Task.FromResult(Directory.GetFiles(Path.Combine(folder, "spool")).Length == 0), () => next.Log,
            expected: "an empty spool");
        JournalCheck.Run(Read, key.Verifier).Problems.Should().BeEmpty();
        report.Problems.Should().BeEmpty();
    }

    /// <summary>The grant, once its status sums what its session says. Both are read again each time: an event about /version can still come.</summary>
    private async Task<BreakGlassGrant?> SumsAgreeAsync(Incident incident)
    {
        var requests = (await SessionAsync(incident))?.Status.Actions.Sum(a => a.Count);
        return await Cluster.GrantAsync(incident.Grant) is { Status.Session: { } sums } grant && sums.Requests == requests ? grant : null;
    }

    // Some releases of kubectl ask for the server's version with every command.
    private static IEnumerable<SessionAction> Rows(BreakGlassSession session) => session.Status.Actions.Where(a => a.Resource != "/version");

    private static double Result(IReadOnlyDictionary<string, double> metrics, string result) =>
        metrics[$"breakglass_operator_audit_events_total{{result=\"{result}\"}}"];

    private static string Show(SessionAction row) => $"{row.Count} {row.Verb} {row.Resource} {row.Subresource} {row.Namespace}/{row.Name} {row.Result}"
        + (row.AsUser.Length > 0 ? $" as {row.AsUser}" : "") + (row.Command is { } command ? $": {command}" : "");

    private static JsonObject Event(string user, string id, DateTimeOffset at, int code = 200) => new()
    {
        ["kind"] = "Event", ["apiVersion"] = "audit.k8s.io/v1", ["level"] = "Metadata", ["auditID"] = id, ["stage"] = "ResponseComplete", ["verb"] = "get",
        ["requestURI"] = "/api/v1/namespaces/payments/configmaps/checkout", ["user"] = new JsonObject { ["username"] = user },
        ["sourceIPs"] = new JsonArray("192.0.2.7"), ["userAgent"] = "curl/8",
        ["objectRef"] = new JsonObject { ["resource"] = "configmaps", ["namespace"] = "payments", ["name"] = "checkout", ["apiVersion"] = "v1" },
        ["responseStatus"] = new JsonObject { ["code"] = code },
        ["requestReceivedTimestamp"] = at.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
        ["stageTimestamp"] = at.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
    };

    private static string List(params JsonObject[] events) =>
        new JsonObject { ["kind"] = "EventList", ["apiVersion"] = "audit.k8s.io/v1", ["items"] = new JsonArray([.. events]) }.ToJsonString();

    private Task<RunningOperator> StartAsync(int port, params string[] options) => RunningOperator.StartAsync(Cluster.OperatorKubeconfig,
    [
        "--leader-elect=false", "--webhook=true", $"--webhook-address=127.0.0.1:{Text(Ports.Free())}",
        $"--webhook-cert-dir={Cluster.ControlPlane.WebhookCertificate}", $"--audit-listen=127.0.0.1:{Text(port)}",
        $"--audit-token-file={Cluster.ControlPlane.AuditToken}", .. options,
    ]);

    private Task<CommandResult> RawAsync(string kubeconfig, string path, params string[] more) =>
        Cluster.KubectlAsync(kubeconfig, ["get", "--raw", path, .. more]);

    private Task<BreakGlassSession?> SessionAsync(Incident incident) =>
        Cluster.Admin.TryGetAsync<BreakGlassSession>(incident.Grant, null, CancellationToken.None);

    private Task<(HttpStatusCode Code, string Text)> PostAsync(int port, string body) => PostAsync(port, body, Token);

    private async Task<(HttpStatusCode Code, string Text)> PostAsync(int port, string body, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://127.0.0.1:{Text(port)}/audit?timeout=30s");
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.ExpectContinue = true; // what is too large is refused before it is sent
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await _http!.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
