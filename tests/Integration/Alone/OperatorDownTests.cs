using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Integration.Alone;

/// <summary>What happens while no operator runs, and what the next one makes of it.</summary>
[Collection(nameof(OneCluster))]
public sealed class OperatorDownTests(OwnCluster own)
{
    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task Deleting_a_grant_by_force_while_the_operator_is_down_has_the_clusters_own_garbage_collector_end_access()
    {
        var incident = await Incident.BeginAsync(_cluster);
        string kubeconfig;
        await using (var killed = await _cluster.StartOperatorAsync())
        {
            await incident.ActivateAsync();
            kubeconfig = await incident.FetchKubeconfigAsync();
            await incident.AllowedAsync(kubeconfig);
            await killed.KillAsync();
        }

        await _cluster.AdminAsync("patch", "bgg", incident.Grant, "--type=merge", "-p", """{"metadata":{"finalizers":null}}""");
        await _cluster.AdminAsync("delete", "bgg", incident.Grant, Eventually.KubectlTimeout);

        // The collector looks for new kinds every half minute.
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Count == 0, limit: TimeSpan.FromMinutes(2));
        await incident.RefusedAsync(kubeconfig);
    }

    [Fact]
    public async Task A_grant_whose_time_ends_while_the_operator_is_down_is_ended_by_the_next_one_first_thing()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var kubeconfig = "";
        var active = await incident.OpenAndKillAsync(10, async _ => kubeconfig = await incident.FetchKubeconfigAsync());

        await Eventually.AtAsync(active.Status.ExpiresAt!.Value);
        await using var next = await _cluster.StartOperatorAsync();

        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        await incident.RefusedAsync(kubeconfig);
        (await next.StopAsync()).Should().Be(0);
    }

    [Theory]
    [InlineData("RoleBinding")]
    [InlineData("Secret")]
    [InlineData("ServiceAccount")]
    public async Task A_foreign_object_with_our_name_is_left_alone_and_fails_the_grant(string kind)
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.AskAsync();

        // Nobody can guess the name: it follows from the grant's UID.
        var grant = await incident.ReadAsync();
        var (ns, name) = kind == "RoleBinding" ? (incident.Namespace, Incident.BindingOf(grant)) : ("breakglass-grants", GrantNames.Identity(grant));
        var body = kind switch
        {
            "RoleBinding" => "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}\nsubjects: [{apiGroup: rbac.authorization.k8s.io, "
                + "kind: User, name: carol}]",
            "Secret" => "data: {theirs: eA==}",
            _ => "automountServiceAccountToken: true",
        };
        var group = kind == "RoleBinding" ? "rbac.authorization.k8s.io/v1" : "v1";
        await _cluster.ApplyAsync(
            _cluster.ControlPlane.AdminKubeconfig, $"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {ns}}}\n{body}\n");
        string[] read = ["get", kind, "-n", ns, name, "-o",
            "jsonpath={.metadata.uid} {.metadata.labels} {.metadata.ownerReferences} {.subjects} {.data} {.automountServiceAccountToken}"];
        var before = await _cluster.AdminAsync(read);

        await using var started = await _cluster.StartOperatorAsync();
        var failed = await incident.WaitForPhaseAsync(GrantPhase.Failed);

        failed.Status.Conditions.Single(c => c.Type == "Active").Reason.Should().Be("ForeignObject");
        failed.Status.Conditions.Single(c => c.Type == "Active").Message.Should().Contain(name).And.Contain("left it alone");
        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).FinalizersOrEmpty.Count == 0);
        await incident.NothingLeftAsync();
        (await _cluster.AdminAsync(read)).Should().Be(before);
        (await started.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Objects_from_a_backup_whose_grant_is_gone_are_removed_at_start_and_it_is_counted()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Backup.Of(incident));
        await incident.AllowedAsync(_cluster.Mallory);

        await using var started = await _cluster.StartOperatorAsync();

        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Count == 0);
        await incident.RefusedAsync(_cluster.Mallory);
        string[] kinds = ["RoleBinding", "Role", "ServiceAccount", "Secret"];
        IReadOnlyDictionary<string, double> metrics = new Dictionary<string, double>();
        double Removed(string kind) => metrics.GetValueOrDefault($$"""breakglass_operator_orphans_removed_total{kind="{{kind}}"}""");
        await Eventually.TrueAsync(
            async () =>
            {
                metrics = await started.MetricsAsync();
                return kinds.All(kind => Removed(kind) >= 1);
            }, () => started.Log, expected: "a count of each kind that was removed");
        foreach (var kind in kinds) Removed(kind).Should().Be(1, kind);
        (await started.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Objects_from_a_backup_under_the_name_of_a_grant_that_is_there_are_not_taken_for_its_own()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await using var started = await _cluster.StartOperatorAsync();
        var active = await incident.ActivateAsync();
        await started.KillAsync();
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Backup.Of(incident));

        await using var next = await _cluster.StartOperatorAsync();

        await incident.RefusedAsync(_cluster.Mallory);
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Count == 5);
        (await _cluster.Admin.GetAsync<V1RoleBinding>(Incident.BindingOf(active), incident.Namespace, CancellationToken.None)).Metadata.Uid
            .Should().Be(active.Status.Bindings.Single().Uid);
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        (await next.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Without_trust_requester_nothing_opens()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await using var started = await _cluster.StartOperatorAsync("--trust-requester=false");

        await incident.AskAsync();

        var denied = await incident.WaitForPhaseAsync(GrantPhase.Denied);
        denied.Status.Conditions.Single(c => c.Type == "Authorized").Reason.Should().Be("RequesterNotSealed");
        await incident.NothingLeftAsync();
        (await started.StopAsync()).Should().Be(0);
    }
}
