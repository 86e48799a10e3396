using System.Runtime.Versioning;
using BreakGlass.Core.Api;
using FluentAssertions;
using Integration.Cli;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Drills;

/// <summary><c>kubectl breakglass drill run --chaos</c> on a real API server.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ChaosTests(PluginCluster shared) : IClassFixture<PluginCluster>
{
    private const string Ns = "breakglass-system";

    [Fact]
    public Task Without_webhooks_no_access_opens_and_they_are_put_back() => Plugin.WithAsync(async plugin =>
    {
        var cluster = shared.Cluster;
        var incident = await Incident.BeginAsync(cluster, "  drills: Allowed");
        await DrillAsync(cluster, incident.Policy);
        var before = await cluster.Admin.GetAsync<V1ValidatingWebhookConfiguration>("breakglass-operator", null, CancellationToken.None);

        var test = await plugin.KubectlAsync(
            cluster.ControlPlane.AdminKubeconfig, "breakglass", "drill", "run", incident.Policy, "--chaos", "no-webhooks", "--yes");
        test.Code.Should().Be(0, $"{test.Out}\n{test.Error}");
        test.Error.Should().Contain("Deleted the webhook configurations").And.Contain("exist again");
        var after = await cluster.Admin.GetAsync<V1ValidatingWebhookConfiguration>("breakglass-operator", null, CancellationToken.None);
        after.Metadata.Uid.Should().NotBe(before.Metadata.Uid);
        after.Webhooks.Select(w => w.Name).Should().Equal(before.Webhooks.Select(w => w.Name));

        var ordinary = await plugin.KubectlAsync(cluster.ControlPlane.AdminKubeconfig, "breakglass", "drill", "run", incident.Policy);
        ordinary.Code.Should().Be(0, $"{ordinary.Out}\n{ordinary.Error}");
    });

    [Fact]
    public Task When_the_leader_is_killed_while_access_is_open_the_next_one_ends_it() => Plugin.WithAsync(async plugin =>
    {
        await using var cluster = await TestCluster.StartAsync();
        var incident = await Incident.BeginAsync(cluster, "  drills: Allowed");
        string[] election = ["--lease-duration=15s", "--renew-deadline=10s", "--retry-period=1s"];
        await using var first = await RunningOperator.StartAsync(cluster.OperatorKubeconfig, election);
        await using var second = await RunningOperator.StartAsync(cluster.OperatorKubeconfig, election);
        await DrillAsync(cluster, incident.Policy);
        await Eventually.TrueAsync(
            async () => (await cluster.Admin.TryGetAsync<V1Lease>("breakglass-operator", Ns, CancellationToken.None))?.Spec?.HolderIdentity is { Length: > 0 },
            () => first.Log + second.Log, expected: "a leader");

        // There is no kubelet: the Pod of both processes is an object alone, and its end is theirs by our hand.
        var pod = Environment.MachineName;
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: "{{pod}}", namespace: {{Ns}} }
            spec:
              automountServiceAccountToken: false
              securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault} }
              containers:
              - name: operator
                image: example.com/operator
                securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]} }
            """);
        var test = await plugin.KubectlAsync(cluster.ControlPlane.AdminKubeconfig, async _ =>
        {
            await Eventually.TrueAsync(
                async () => (await cluster.AdminAsync("get", "pods", "-n", Ns, "-o", "name")).Trim().Length == 0, () => first.Log + second.Log,
                expected: "the end of the leader's Pod");
            await (await first.LeadsAsync() ? first : second).KillAsync();
        }, "breakglass", "drill", "run", incident.Policy, "--chaos", "kill-leader", "--yes");

        test.Code.Should().Be(0, $"{test.Out}\n{test.Error}\n{first.Log}\n{second.Log}");
        test.Out.Should().Contain("(Interrupted)").And.Contain("after the leader was deleted");
        var drill = await cluster.Admin.GetAsync<BreakGlassDrill>(incident.Policy, null, CancellationToken.None);
        var grant = drill.Status.Runs[0].Grant!;
        await cluster.ReleasedAsync(grant);
        (await cluster.MadeForAsync(grant)).Should().BeEmpty();
    });

    /// <summary>A drill that runs only on request.</summary>
    private static Task DrillAsync(TestCluster cluster, string policy) => cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassDrill
        metadata: {name: {{policy}} }
        spec: {policy: {{policy}}, schedule: "0 6 29 2 *", suspended: true}
        """);
}
