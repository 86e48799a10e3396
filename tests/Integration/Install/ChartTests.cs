using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Integration.Install;

/// <summary>
/// The chart on a real API server, the operator with exactly the rights that the chart gives: install, a grant, upgrade, uninstall, install again.
/// </summary>
public sealed class ChartTests
{
    [Fact]
    public async Task A_release_lives_is_upgraded_under_an_active_grant_and_goes_with_all_access_but_not_with_the_records()
    {
        Kubelet? kubelet = null;
        await using var cluster = await TestCluster.StartAsync(async controlPlane =>
        {
            kubelet = new(controlPlane);
            await Helm.RunAsync(controlPlane, "install", "breakglass", Helm.Chart, "--create-namespace", "--set", $"webhook.url={kubelet.WebhookUrl}");
        });
        string[] upgrade = ["upgrade", "breakglass", Helm.Chart, "--reuse-values"];

        var incident = await Incident.BeginAsync(cluster, withPolicy: false);
        await using (var installed = await kubelet!.StartOperatorAsync())
        {
            await incident.ApplyPolicyAsync();
            var grant = await incident.ActivateAsync("30m");
            var kubeconfig = await incident.FetchKubeconfigAsync();
            await incident.AllowedAsync(kubeconfig);
            grant.Spec.Requester!.Username.Should().Be("alice", "the webhooks that the chart installed stamped it");

            // Who asks for what the operator may not hand out fails; after an upgrade that allows it, it works.
            var other = await Incident.BeginAsync(cluster, access: "{name: all, roleRef: {kind: ClusterRole, name: cluster-admin}, clusterWide: true}");
            await other.AskAsync();
            (await other.WaitForPhaseAsync(GrantPhase.Failed)).Status.EndReason.Should().Be(EndReason.Failed);

            await Helm.RunAsync(cluster.ControlPlane,
                [.. upgrade, "--set", "bind.clusterRoles={view,edit,cluster-admin}", "--set", "extraLabels.team=platform", "--set", "replicas=3"]);
            await ServedAsync(cluster);
            (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active);
            await incident.AllowedAsync(kubeconfig);
            (await cluster.Admin.GetAsync<V1Namespace>("breakglass-grants", null, CancellationToken.None)).LabelsOrEmpty["team"].Should().Be("platform");
            var next = await Incident.BeginAsync(cluster, access: "{name: all, roleRef: {kind: ClusterRole, name: cluster-admin}, clusterWide: true}");
            await next.ActivateAsync("30m");

            // A bound requester's access hangs on no identity that goes with the release.
            var bound = await Incident.BeginAsync(cluster, "  credential: BindRequester");
            await bound.ActivateAsync("30m");
            await bound.AllowedAsync(cluster.Alice);

            await Task.WhenAll(Helm.RunAsync(cluster.ControlPlane, "uninstall", "breakglass", "--timeout", "4m"), kubelet.RunJobAsync("breakglass-uninstall"));
            await incident.RefusedAsync(kubeconfig);
            await bound.RefusedAsync(cluster.Alice);
            foreach (var ended in (Incident[])[incident, next, bound])
            {
                var record = await ended.ReadAsync();
                (record.Status.Phase, record.Status.EndReason).Should().Be((GrantPhase.Revoked, EndReason.RevokedByUser));
                record.Spec.Revoke!.By!.Username.Should().Be("system:serviceaccount:breakglass-system:breakglass-uninstall");
                record.FinalizersOrEmpty.Should().BeEmpty("a finished record holds nothing up");
                await ended.NothingLeftAsync();
            }
        }

        (await LeftAsync(cluster)).Should().BeEmpty();

        // The definitions stayed; the next release takes them and the records over.
        await Helm.RunAsync(cluster.ControlPlane, "install", "breakglass", Helm.Chart, "--set", $"webhook.url={kubelet.WebhookUrl}");
        await using var again = await kubelet.StartOperatorAsync();
        (await incident.ReadAsync()).Status.Transitions.Should().NotBeEmpty();
        var after = await Incident.BeginAsync(cluster);
        await after.ActivateAsync("30m");
        (await again.StopAsync()).Should().Be(0);
    }

    // Writes of ours are answered: the upgrade left the operator's caBundle in place, or the operator has put it back.
    private static Task ServedAsync(TestCluster cluster) => Eventually
        .TrueAsync(async () => (await cluster.KubectlAsync(
            cluster.ControlPlane.AdminKubeconfig, "create", "--dry-run=server", "-f",
            Path.Combine(TestCluster.Config("samples"), "policy.yaml"))).ExitCode == 0);

    // Everything of the release but what is kept on purpose.
    private static async Task<IReadOnlyList<string>> LeftAsync(TestCluster cluster)
    {
        const string Kinds =
            "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,deployments,cronjobs,jobs,services,networkpolicies,poddisruptionbudgets,"
                + "mutatingwebhookconfigurations,validatingwebhookconfigurations";
        await Eventually.TrueAsync(async () => (await cluster.KubectlAsync(
            cluster.ControlPlane.AdminKubeconfig, "get", "namespace", "breakglass-grants")).ExitCode != 0, expected: "the grants' namespace gone");
        var left = await cluster.AdminAsync("get", Kinds, "-A", "-l", "app.kubernetes.io/name=breakglass-operator", "-o", "name");
        return left.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
