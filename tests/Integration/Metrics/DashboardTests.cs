using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Integration.Admission;
using Integration.Gateway;
using TestKit;
using TestKit.Builders;

namespace Integration.Metrics;

/// <summary>
/// One incident from request to revocation, a denial and a lockdown, under the eyes of a real Prometheus: what rules and dashboard ask for is there,
/// alerts fire, and receivers are told.
/// </summary>
public sealed class DashboardTests
{
    private static string GrafanaFile { get; } = Path.Combine(Golden.RepositoryRoot, "config", "grafana", "breakglass-operator.json");

    [PrometheusFact]
    public async Task Every_query_has_data_every_rule_works_and_people_are_told()
    {
        await using var cluster = await TestCluster.StartAsync();
        using var receiver = Listener.Start();
        var file = Path.Combine(cluster.ControlPlane.Directory, "receivers.yaml");
        await File.WriteAllTextAsync(file, $"receivers:\n- {{name: siem, type: webhook, url: \"{receiver.Url}\", secret: "
            + $"0123456789abcdef0123456789abcdef}}\n- {{name: chat, type: slack, url: \"{receiver.Url}\"}}\n");
        var key = Path.Combine(cluster.ControlPlane.Directory, "journal.key");
        await File.WriteAllTextAsync(key, SigningKey.Of("breakglass.example.com/test", new byte[32]).ToSecretText());
        var (token, sinks) = (Path.Combine(cluster.ControlPlane.Directory, "token"), Path.Combine(cluster.ControlPlane.Directory, "sinks.yaml"));
        await File.WriteAllTextAsync(token, new string('t', 64));
        await File.WriteAllTextAsync(sinks, "sinks:\n- {name: log, type: stdout}\n");
        var (port, audit, gatewayPort, reports) = (Ports.Free(), Ports.Free(), Ports.Free(), Ports.Free());
        await AdmissionCluster.InstallWebhooksAsync(cluster, port);
        await using var @operator = await RunningOperator.StartAsync(
            cluster.OperatorKubeconfig, "--trust-requester=false", "--webhook=true",
            $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1", "--cluster-name=test", $"--notifications-file={file}",
            $"--journal-key={key}", $"--journal-directory={Path.Combine(cluster.ControlPlane.Directory, "journal")}", $"--journal-sinks={sinks}",
            $"--audit-listen=127.0.0.1:{audit.ToString(CultureInfo.InvariantCulture)}", $"--audit-token-file={token}",
            $"--gateway-url=https://localhost:{gatewayPort.ToString(CultureInfo.InvariantCulture)}",
            $"--gateway-reports-listen=127.0.0.1:{reports.ToString(CultureInfo.InvariantCulture)}");
        await using var gateway = await GatewayCluster.StartGatewayAsync(cluster, @operator, gatewayPort, reports);
        await AdmissionCluster.EnforcedAsync(cluster.ControlPlane);
        await PostEventAsync(audit, new string('t', 64));
        await AskGatewayAsync(gatewayPort);
        await using var prometheus = await PrometheusServer.StartAsync(@operator.Http, gateway.Http, Rules());
        await Eventually.TrueAsync(
            async () => (await prometheus.QueryAsync("leader_election_master_status == 1")).Count > 0, () => @operator.Log, expected: "a scraped leader");

        using var desk = new OfflineDesk();
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassAuthority
            metadata: {name: offline}
            spec: {keys: [{kid: a, kty: OKP, crv: Ed25519, x: "{{desk.Second.PublicKey.X}}"}]}
            """);
        var incident = await Incident.BeginAsync(cluster);
        await SeenAsync(prometheus, $"breakglass_operator_activations_total{{policy=\"{incident.Policy}\"}} == 0");
        await incident.ActivateAsync();
        await incident.RevokeAsync();
        await incident.WaitForPhaseAsync(GrantPhase.Revoked);

        // It fails, because no API server posts audit events here, and it has its times nevertheless.
        var drilled = await Incident.BeginAsync(cluster, "  drills: Allowed");
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassDrill
            metadata: {name: weekly, annotations: {breakglass.dev/run-drill: now} }
            spec: {policy: {{drilled.Policy}}, schedule: "0 6 29 2 *"}
            """);
        await Eventually.TrueAsync(async () => (await prometheus.QueryAsync("breakglass_operator_drill_passing == 0")).Count > 0, () => @operator.Log,
            TimeSpan.FromMinutes(4), "the end of the drill");
        var locked = await Incident.BeginAsync(cluster);
        await locked.ActivateAsync();
        await cluster.ApplyAsync(
            cluster.ControlPlane.AdminKubeconfig,
            "apiVersion: breakglass.dev/v1alpha1\nkind: BreakGlassLockdown\nmetadata: {name: stop}\nspec: {reason: token leaked}\n");
        var denied = await Incident.BeginAsync(cluster);

        // A counter that is scraped first when it says 1 has not risen, for Prometheus.
        await SeenAsync(prometheus, $"breakglass_operator_denials_total{{policy=\"{denied.Policy}\"}} == 0");
        await denied.AskAsync();
        await denied.WaitForPhaseAsync(GrantPhase.Denied);

        // Proof takes the 10 s for which the API server remembers a token: of both grants in one.
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await locked.OverAndProvenAsync(GrantPhase.Revoked, EndReason.Lockdown);

        await SeenAsync(prometheus, "sum(breakglass_operator_revocation_verified_seconds_count) == 3");
        await SeenAsync(prometheus, "sum(breakglass_operator_notifications_total{result=\"delivered\"}) >= 8");
        foreach (var query in Queries()) await SeenAsync(prometheus, query);

        foreach (var alert in new[] { "BreakGlassActivated", "LockdownEngaged", "DrillFailed" })
            await SeenAsync(prometheus, $"ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}");

        // On a busy machine one revocation can be as slow as RevocationSlow says; that alert has its own tests of its rule.
        (await prometheus.QueryAsync("ALERTS{alertname!~\"BreakGlassActivated|LockdownEngaged|DrillFailed|RevocationSlow\",alertstate=\"firing\"}"))
            .Should().BeEmpty("nothing else is wrong");
        var rules = await prometheus.RulesAsync();
        rules.Should().HaveCountGreaterThan(20).And.OnlyContain(rule => rule["health"]!.GetValue<string>() == "ok");
        foreach (var record in rules.Where(rule => rule["type"]!.GetValue<string>() == "recording"))
            await SeenAsync(prometheus, record["name"]!.GetValue<string>());

        await PromtoolFindsNothingAsync(@operator.Http);
        await PromtoolFindsNothingAsync(gateway.Http);
        var bodies = receiver.Bodies;
        bodies.Should().HaveCountGreaterThanOrEqualTo(8);
        foreach (var told in new[] { "GrantActivated", "LockdownEngaged", "GrantDenied" })
            bodies.Count(body => body.Contains(told, StringComparison.Ordinal)).Should().BeGreaterThanOrEqualTo(2, told);
        @operator.Log.Should().NotContain(receiver.Url.Authority).And.NotContain("0123456789abcdef");
        (await @operator.StopAsync()).Should().Be(0);
    }

    // Waits until a query has data; a quantile of nothing is a sample too, but NaN.
    private static Task SeenAsync(PrometheusServer prometheus, string query) => Eventually
        .TrueAsync(async () => (await prometheus.QueryAsync(query)).Any(sample => !double.IsNaN(sample.Value)), () => prometheus.Log,
        expected: $"data of {query}");

    /// <summary>Every query of the dashboard as Grafana sends it.</summary>
    private static IReadOnlyList<string> Queries()
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(GrafanaFile))!;
        return [.. dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray() ?? []).Concat(dashboard["annotations"]!["list"]!.AsArray())
            .Select(target => target!["expr"]!.GetValue<string>().Replace("$policy", ".*", StringComparison.Ordinal)
                .Replace("$__rate_interval", "10m", StringComparison.Ordinal).Replace("$__range", "1h", StringComparison.Ordinal)).Distinct()];
    }

    private static string Rules() =>
        Manifests.YamlText.Parse(File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "config", "prometheus", "rules.yaml"))).Single()["spec"]!.ToJsonString();

    /// <summary>An audit event of no grant, as an API server would post it.</summary>
    private static async Task PostEventAsync(int port, string token)
    {
        using var http = TrustingClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var now = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
        using var body = new StringContent($$"""
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete","verb":"get","requestURI":"/api",
             "user":{"username":"system:node:a"},"responseStatus":{"code":200},"requestReceivedTimestamp":"{{now}}","stageTimestamp":"{{now}}"}
            """.ReplaceLineEndings(""));
        using var answer = await http.PostAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://127.0.0.1:{port}/audit")), body);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    /// <summary>A request without a certificate, which the gateway refuses.</summary>
    private static async Task AskGatewayAsync(int port)
    {
        using var http = TrustingClient();
        using var answer = await http.GetAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{port}/version")));
        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    private static HttpClient TrustingClient()
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
#pragma warning disable CA5359 // The operator made the certificates itself, on this machine.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        return new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(60) };
    }

    private static async Task PromtoolFindsNothingAsync(Uri target)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(60) };
        using var promtool = Process.Start(new ProcessStartInfo("promtool",
            ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await promtool.StandardInput.WriteAsync(await http.GetStringAsync(new Uri(target, "/metrics")));
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync().WaitAsync(Eventually.Limit, TimeProvider.System);
        said.Should().BeEmpty();
        promtool.ExitCode.Should().Be(0);
    }
}
