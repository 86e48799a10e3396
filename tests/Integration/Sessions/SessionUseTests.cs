using System.Globalization;
using System.Net;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using Integration.Cli;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Sessions;

/// <summary>What follows from what is done with a grant, on an API server that posts its audit events.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class SessionUseTests(AuditedCluster shared) : IClassFixture<AuditedCluster>
{
    private const int Idle = 20;
    private const string ReadyStatus = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";

    /// <summary>How much later than its timeout a grant may end: 5 s, and the batches of the API server (--audit-webhook-batch-max-wait=1s).</summary>
    private static readonly TimeSpan MostDelay = TimeSpan.FromSeconds(6);

    private TestCluster Cluster => shared.Cluster;

    [Fact]
    public async Task A_grant_ends_when_its_idle_timeout_is_over_and_one_that_is_used_goes_on()
    {
        await using var @operator = await shared.StartOperatorAsync(shared.Port);

        // How late a grant ends depends on the machine as well: one of these attempts shows that the operator is not the reason.
        TimeSpan late = default;
        for (var attempt = 0; attempt < 8; attempt++)
        {
            late = await IdleEndsAsync(@operator);
            if (late <= MostDelay) return;
        }

        late.Should().BeLessThanOrEqualTo(MostDelay);
    }

    [Fact]
    public async Task No_grant_ends_for_lack_of_use_while_no_events_arrive_and_then_it_does()
    {
        var deaf = Ports.Free();
        await using var @operator = await shared.StartOperatorAsync(deaf);
        var incident = await Incident.BeginAsync(Cluster, "  idleTimeout: 5s");
        await incident.AskAsync("40s");
        var waiting = await incident.WaitAsync("Observed", "Unknown");
        Conditions.Find(waiting.Status.Conditions, GrantConditions.Observed)!.Reason.Should().Be(GrantConditions.NoEventYet);
        var expired = await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        (expired.Status.EndedAt >= expired.Status.ExpiresAt).Should().BeTrue("nothing is known of its use, so its idle timeout ended nothing");

        var next = await Incident.BeginAsync(Cluster, "  idleTimeout: 5s");
        var active = await next.ActivateAsync();
        await Eventually.AtAsync(active.Status.ActivatedAt!.Value.AddSeconds(6));
        (await next.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active);
        (await shared.PostAsync(deaf, Foreign(TimeProvider.System.GetUtcNow()))).Should().Be(HttpStatusCode.OK);
        var over = await next.OverAndProvenAsync(GrantPhase.Revoked, EndReason.Idle);
        Conditions.Find(over.Status.Conditions, GrantConditions.Active)!.Message.Should().Contain("not used for 5s: there was no request");
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Silence_is_said_of_grants_and_policies_and_ends_no_grant()
    {
        var deaf = Ports.Free();
        await using var @operator = await shared.StartOperatorAsync(deaf);
        var incident = await Incident.BeginAsync(Cluster, "  idleTimeout: 5s");
        await incident.ActivateAsync();
        var silent = await Eventually.GetAsync(
            async () => Find(await Cluster.GrantAsync(incident.Grant))?.Reason == GrantConditions.NoEvents ? await incident.ReadAsync() : null,
            () => @operator.Log, TimeSpan.FromMinutes(5), "a grant that says that no events arrive");
        silent.Status.Phase.Should().Be(GrantPhase.Active);
        await Eventually.TrueAsync(
            async () => (await Cluster.AdminAsync("get", "bgp", incident.Policy, "-o", ReadyStatus)) == "False",
            expected: "a policy that is not Ready, because it cannot do what it says");
    }

    [Fact]
    public async Task One_anomaly_ends_a_grant_whose_policy_says_so_and_is_written_where_it_must_be()
    {
        var key = SigningKey.Of("breakglass.example.com/test", new byte[32]);
        var folder = Directory.CreateDirectory(Path.Combine(Cluster.ControlPlane.Directory, "anomaly-journal")).FullName;
        var keyFile = Path.Combine(Cluster.ControlPlane.Directory, "anomaly.key");
        await File.WriteAllTextAsync(keyFile, key.ToSecretText());
        await using var @operator = await shared.StartOperatorAsync(shared.Port, $"--journal-directory={folder}", $"--journal-key={keyFile}");
        var incident = await Incident.BeginAsync(Cluster, "  session: {onAnomaly: Revoke, anomalies: {denied: 2}}");
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        for (var i = 0; i < 3; i++) (await RawAsync(kubeconfig, "/api/v1/nodes")).Error.Should().Contain("orbidden");

        var over = await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.Anomaly);
        over.Status.Anomalies.Should().Equal(AnomalyKind.Denied);
        Conditions.Find(over.Status.Conditions, GrantConditions.Active)!.Message.Should().Contain("3 requests were refused; the policy's limit is 2");
        Conditions.Find(over.Status.Conditions, GrantConditions.Reviewed)!.Message.Should().Contain("Unusual use was reported: Denied.");
        await incident.RefusedAsync(kubeconfig);
        await Eventually.TrueAsync(
            async () => (await Cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Count(e => e is ("Warning", "AnomalousActivity", _)) == 1,
            () => @operator.Log, expected: "one Warning AnomalousActivity");

        IReadOnlyList<JournalEntry> entries = [];
        await Eventually.TrueAsync(
            () =>
            {
                var report = JournalCheck.RunFor(path => Read(Path.Combine(folder, path)), key.Verifier, incident.Grant);
                report.Problems.Should().BeEmpty();
                entries = [.. report.Entries.Select(e => e.Entry)];
                return Task.FromResult(entries.Any(e => e.Type.EndsWith("grant.revoked", StringComparison.Ordinal)));
            },
            () => @operator.Log, expected: "the end in the journal");
        var end = entries.Single(e => e.Type.EndsWith("grant.revoked", StringComparison.Ordinal));
        (end.Time, end.Data.Reason).Should().Be((over.Status.Transitions[^1].At, "Anomaly"));
    }

    [Fact]
    public async Task Requests_of_a_megabyte_hide_no_other_request_of_their_batch()
    {
        await using var @operator = await shared.StartOperatorAsync(shared.Port);
        var incident = await Incident.BeginAsync(Cluster);
        await incident.ActivateAsync();
        var token = TokenLine().Match(await File.ReadAllTextAsync(await incident.FetchKubeconfigAsync())).Groups["token"].Value;
        var core = new Uri(Cluster.ControlPlane.Server, $"/api/v1/namespaces/{incident.Namespace}/");
        using var http = shared.Client();

        // Each of these is an event of more than 5 MB: JSON writes every < with six bytes.
        async Task<HttpStatusCode> GetAsync(string what, string agent)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(core, what));
            request.Headers.Authorization = new("Bearer", token);
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
            using var answer = await http.SendAsync(request);
            return answer.StatusCode;
        }

        var giant = new string('<', 900_000);
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => i == 6 ? GetAsync("configmaps/checkout", "curl") : GetAsync("pods", giant)));
        answers.Should().OnlyContain(code => code == HttpStatusCode.OK);

        BreakGlassSession? session = null;
        long Count(string resource) => session?.Status.Actions.Where(a => a.Resource == resource).Sum(a => a.Count) ?? 0;
        await Eventually.TrueAsync(
            async () => (session = await shared.SessionAsync(incident)) is not null && Count("pods") == 11 && Count("configmaps") == 1, () => @operator.Log,
            expected: "all requests in the session");

        // A busy or starting operator refuses a batch, too; the API server sends that one again.
        @operator.Log.Should().NotContain("The body is larger than");
    }

    [Fact]
    public Task A_suggested_role_allows_what_was_done_and_the_report_lists_it_in_order() => Plugin.WithAsync(async plugin =>
    {
        await using var @operator = await shared.StartOperatorAsync(shared.Port);
        var incident = await Incident.BeginAsync(Cluster);
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await WorkAsync(kubeconfig, incident.Namespace);
        (await RawAsync(kubeconfig, "/api/v1/nodes")).Error.Should().Contain("orbidden");

        string[] done = ["get configmaps", "list pods", "create configmaps", "patch configmaps", "delete configmaps", "list nodes"];
        BreakGlassSession? session = null;
        await Eventually.TrueAsync(
            async () => (session = await shared.SessionAsync(incident)) is not null
                && done.All(d => session.Status.Actions.Any(a => $"{a.Verb} {a.Resource}" == d)),
            () => string.Join("\n", session?.Status.Actions.Select(a => $"{a.Verb} {a.Resource} {a.Name}") ?? []), expected: "all requests in the session");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);

        var report = await plugin.KubectlAsync(Cluster.ControlPlane.AdminKubeconfig, "breakglass", "report", incident.Grant);
        report.Code.Should().Be(0, report.Error);
        var rows = Requests(report.Out);
        rows.Select(r => r[0]).Should().BeInAscendingOrder(StringComparer.Ordinal, "the report tells what was done in its order");
        rows.Select(r => $"{r[2]} {r[3]} {r[6]}").Should().ContainInOrder(
            "get configmaps allowed", "list pods allowed", "create configmaps allowed", "patch configmaps allowed", "delete configmaps allowed",
            "list nodes refused");
        rows.Should().Contain(r => r[2] == "get" && r[4] == $"{incident.Namespace}/checkout");

        var suggestion = await plugin.KubectlAsync(Cluster.ControlPlane.AdminKubeconfig, "breakglass", "suggest", incident.Policy, "-o", "yaml");
        suggestion.Code.Should().Be(0, suggestion.Error);
        suggestion.Out.Should().Contain("list nodes was refused (1 time(s)), and is not in these roles");
        await Cluster.ApplyAsync(Cluster.ControlPlane.AdminKubeconfig, suggestion.Out);
        var carol = await Cluster.ControlPlane.UserKubeconfigAsync($"carol-{incident.Policy}");
        await Cluster.AdminAsync("create", "rolebinding", "carol", "-n", incident.Namespace, $"--user=carol-{incident.Policy}",
            $"--clusterrole=breakglass-{incident.Policy}-payments");
        await Eventually.TrueAsync(
            async () => (await RawAsync(carol, $"/api/v1/namespaces/{incident.Namespace}/pods")).ExitCode == 0, expected: "access with the suggested role");

        await WorkAsync(carol, incident.Namespace);
        (await RawAsync(carol, $"/api/v1/namespaces/{incident.Namespace}/secrets")).Error.Should().Contain(
            "orbidden", "the grant could read them, and did not");
        (await RawAsync(carol, $"/api/v1/namespaces/{incident.Namespace}/configmaps")).Error.Should().Contain("orbidden");
    });

    /// <summary>One grant that is used and one that is not, to the end of both; gives how much later than their timeout they ended.</summary>
    private async Task<TimeSpan> IdleEndsAsync(RunningOperator @operator)
    {
        var spec = string.Create(CultureInfo.InvariantCulture, $"  idleTimeout: {Idle}s");
        var (unused, used) = (await Incident.BeginAsync(Cluster, spec), await Incident.BeginAsync(Cluster, spec));
        await used.ActivateAsync();
        await unused.ActivateAsync();
        var kubeconfig = await used.FetchKubeconfigAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await RawAsync(kubeconfig, $"/api/v1/namespaces/{used.Namespace}/configmaps/checkout");
                return (await unused.ReadAsync()).Status.IsTerminal;
            },
            () => @operator.Log, expected: "the end of a grant that is not used");
        var other = await used.ReadAsync();
        var first = await unused.OverAndProvenAsync(GrantPhase.Revoked, EndReason.Idle);
        var last = await used.OverAndProvenAsync(GrantPhase.Revoked, EndReason.Idle);
        var lastUse = MergedSession.Of((await shared.SessionAsync(used))!.Status).Totals.LastActivityAt!.Value;

        (await shared.SessionAsync(unused)).Should().BeNull("it was not used");
        Early(first, first.Status.ActivatedAt!.Value).Should().BeFalse();
        Conditions.Find(last.Status.Conditions, GrantConditions.Active)!.Message.Should().Contain("the last request was at");

        // On a machine that starts kubectl too slowly, the grant was not used for long enough, and it is right that it ended.
        if (other.Status.IsTerminal) return TimeSpan.MaxValue;
        Early(last, lastUse).Should().BeFalse("it was used until then");
        (lastUse - last.Status.ActivatedAt!.Value).Should().BePositive();
        var late = new[] { Late(first, first.Status.ActivatedAt.Value), Late(last, lastUse) }.Max();
        return late;
    }

    private static bool Early(BreakGlassGrant grant, DateTimeOffset from) => Late(grant, from) < TimeSpan.Zero;

    private static TimeSpan Late(BreakGlassGrant grant, DateTimeOffset from) => grant.Status.EndedAt!.Value - from.AddSeconds(Idle);

    /// <summary>Something that people do in an incident, with kubectl; all of it must be allowed.</summary>
    private async Task WorkAsync(string kubeconfig, string ns)
    {
        (await Cluster.KubectlAsync(kubeconfig, "get", "configmap", "checkout", "-n", ns)).OrThrow();
        (await Cluster.KubectlAsync(kubeconfig, "get", "pods", "-n", ns)).OrThrow();
        foreach (var text in new[] { "a", "b" })
        {
            await Cluster.ApplyAsync(kubeconfig, $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: notes, namespace: {ns}}}\ndata: {{text: {text}}}\n");
        }

        (await Cluster.KubectlAsync(kubeconfig, "delete", "configmap", "notes", "-n", ns)).OrThrow();
    }

    private Task<CommandResult> RawAsync(string kubeconfig, string path) => Cluster.KubectlAsync(kubeconfig, "get", "--raw", path);

    /// <summary>The rows of the report's section about requests, without those for paths, which kubectl reads on its own.</summary>
    private static List<string[]> Requests(string report) =>
    [
        .. report[report.IndexOf("## Requests", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.StartsWith("| 2", StringComparison.Ordinal))
            .Select(line => line.Trim('|', ' ').Split(" | ")).Where(cells => !cells[3].StartsWith('/')),
    ];

    [GeneratedRegex("\"?token\"?: \"?(?<token>[^\"\\s]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TokenLine();

    private static Condition? Find(BreakGlassGrant? grant) => grant is null ? null : Conditions.Find(grant.Status.Conditions, GrantConditions.Observed);

    private static ReadOnlyMemory<byte>? Read(string file) => File.Exists(file) ? File.ReadAllBytes(file) : (ReadOnlyMemory<byte>?)null;

    private static string Foreign(DateTimeOffset at)
    {
        var time = at.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        return $$"""
            {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "{{Guid.NewGuid()}}", "stage": "ResponseComplete", "verb": "get",
             "user": {"username": "system:node:a"}, "requestReceivedTimestamp": "{{time}}", "stageTimestamp": "{{time}}"}
            """;
    }
}
