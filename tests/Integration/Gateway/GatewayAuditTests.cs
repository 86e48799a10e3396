using BreakGlass.Core.Api;
using FluentAssertions;
using Integration.Drills;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Gateway;

/// <summary>The gateway and the API server both report the same requests.</summary>
public sealed class GatewayAuditTests(AuditedGateway shared) : IClassFixture<AuditedGateway>
{
    [Fact]
    public async Task Each_request_counts_once_and_one_past_the_gateway_counts_too()
    {
        var incident = await Incident.BeginAsync(shared.Cluster, "  session: {path: Gateway}");
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        var path = $"/api/v1/namespaces/{incident.Namespace}/configmaps";
        for (var i = 0; i < 5; i++) (await shared.Cluster.KubectlAsync(kubeconfig, "get", "--raw", $"{path}/checkout")).OrThrow();
        (await shared.Cluster.ControlPlane.KubectlAsync(
            kubeconfig, ["create", "--raw", path, "-f", "-"], """{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}}""")).OrThrow();

        // The identity has a token of its own, which only the operator and the gateway can make: here the administrator does.
        var account = (await shared.Cluster.GrantAsync(incident.Grant))!.Status.ServiceAccount!.Split('/');
        var token = await shared.Cluster.ControlPlane.ServiceAccountKubeconfigAsync(account[0], account[1]);
        (await shared.Cluster.KubectlAsync(token, "get", "--raw", $"{path}/checkout")).OrThrow();

        await Eventually.TrueAsync(
            async () => await RowsAsync(incident) is { } rows && rows.Contains($"get configmaps {incident.Namespace}/checkout 6")
                && rows.Contains($"create configmaps {incident.Namespace}/made 1"),
            () => shared.Operator.Log, expected: "six reads and one write with the name of what it created");

        // What came twice came within a few seconds.
        await Eventually.AtAsync(TimeProvider.System.GetUtcNow().AddSeconds(8));
        var rows = await RowsAsync(incident);
        rows.Should().Contain($"get configmaps {incident.Namespace}/checkout 6").And.Contain($"create configmaps {incident.Namespace}/made 1");
        rows.Should().NotContain(r => r.StartsWith($"create configmaps {incident.Namespace}/ ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_drill_past_the_gateway_finds_its_use_in_the_API_servers_audit_events()
    {
        var incident = await Incident.BeginAsync(shared.Cluster, "  drills: Allowed");
        var run = await DrillRuns.RunAsync(shared.Cluster, shared.Operator, incident.Policy, incident.Policy);
        run.Failures.Should().BeEmpty();
        run.Phases.Single(p => p.Name == "Audit").Should().Match<DrillPhase>(p => p.Result == DrillResult.Passed && p.Message!.Contains("request(s)"));
        var grant = await shared.Cluster.GrantAsync(run.Grant!);
        grant!.Status.Path.Should().NotBe(SessionPath.Gateway);
        grant.Status.Session!.Requests.Should().BePositive();
        (await shared.Operator.MetricsAsync())["breakglass_operator_access_after_revocation_total"].Should().Be(0);
    }

    private async Task<IReadOnlyList<string>> RowsAsync(Incident incident) =>
        (await shared.Cluster.Admin.TryGetAsync<BreakGlassSession>(incident.Grant, null, CancellationToken.None))?.Status.Actions
            .Select(a => $"{a.Verb} {a.Resource} {a.Namespace}/{a.Name} {a.Count}").ToList() ?? [];
}
