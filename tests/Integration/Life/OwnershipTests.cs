using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace Integration.Life;

/// <summary>Whose object it is, and what becomes of a grant that is refused in some of its places, on a real API server.</summary>
public sealed class OwnershipTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_label_that_is_overwritten_on_any_object_of_an_active_grant_is_put_right_at_once_and_access_goes_on()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var grant = await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        var (ns, identity) = Incident.SecretOf(grant);
        var binding = await _cluster.Admin.GetAsync<V1RoleBinding>(Incident.BindingOf(grant), incident.Namespace, CancellationToken.None);
        (string Kind, string Namespace, string Name)[] objects =
        [
            ("rolebinding", incident.Namespace, binding.Metadata.Name), ("rolebinding", ns, identity + "-reader"), ("role", ns, identity + "-reader"),
            ("serviceaccount", ns, identity), ("secret", ns, identity),
        ];
        foreach (var o in objects)
        {
            await _cluster.AdminAsync("label", o.Kind, "-n", o.Namespace, o.Name, "--overwrite", $"breakglass.dev/grant=other-{incident.Grant}");
            await Eventually.TrueAsync(async () => await _cluster.AdminAsync("get", o.Kind, "-n", o.Namespace, o.Name, "-o",
                @"jsonpath={.metadata.labels.breakglass\.dev/grant}") == incident.Grant, expected: $"the label of {o} put right");
        }

        (await _cluster.Admin.GetAsync<V1RoleBinding>(binding.Metadata.Name, incident.Namespace, CancellationToken.None)).Metadata.Uid
            .Should().Be(binding.Metadata.Uid, "it was never removed");
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue();
        await Eventually.TrueAsync(
            async () => (await _cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Any(e => e is { Type: "Warning", Reason: "DriftRepaired" }));
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task A_binding_of_somebody_else_that_carries_our_marks_stays()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata:
              name: team-view
              namespace: {{incident.Namespace}}
              labels: {app.kubernetes.io/managed-by: breakglass-operator, breakglass.dev/grant: gone-{{incident.Grant}}}
              annotations: {breakglass.dev/expires-at: "2020-01-01T00:00:00Z", breakglass.dev/grant-uid: 11111111-2222-3333-4444-555555555555}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: developers}]
            """);
        await shared.SettledAsync();
        (await _cluster.Admin.TryGetAsync<V1RoleBinding>("team-view", incident.Namespace, CancellationToken.None)).Should().NotBeNull();
    }

    [Fact]
    public async Task A_full_quota_in_one_namespace_leaves_the_others_open_and_is_named_until_it_gives_way()
    {
        var (incident, full) = await WithFullNamespaceAsync();
        var grant = await incident.ActivateAsync();
        var active = Conditions.Find(grant.Status.Conditions, "Active")!;
        active.Reason.Should().Be("Partial", "{0}", Incident.Show(grant));
        active.Message.Should().Contain(full).And.Contain("ResourceQuota 'no-bindings'").And.Contain("in 1 of 2 places");
        grant.Status.Bindings.Single(b => b.Namespace == full).Problem.Should().Contain("no-bindings");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);
        (await incident.CanReadAsync(kubeconfig, full)).Should().BeFalse();

        await _cluster.AdminAsync("delete", "resourcequota", "-n", full, "no-bindings");
        await incident.AllowedAsync(kubeconfig, full);
        await Eventually.TrueAsync(async () => Conditions.Find((await incident.ReadAsync()).Status.Conditions, "Active")!.Reason == "AccessGiven");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task Whoever_asks_for_all_or_nothing_gets_nothing_where_one_namespace_says_no()
    {
        var (incident, _) = await WithFullNamespaceAsync();
        await incident.AskAsync(spec: "  requireAll: true");
        var failed = await incident.WaitForPhaseAsync(GrantPhase.Failed);
        Conditions.Find(failed.Status.Conditions, "Active")!
            .Should().Match<Condition>(c => c.Reason == "QuotaExceeded" && c.Message.Contains("no-bindings") && !c.Message.Contains("allow-list"));
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Count == 0);
    }

    private async Task<(Incident Incident, string Full)> WithFullNamespaceAsync()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        var full = incident.Namespace + "-full";
        await incident.NewNamespaceAsync(full);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: v1
            kind: ResourceQuota
            metadata: {name: no-bindings, namespace: {{full}}}
            spec:
              hard: {count/rolebindings.rbac.authorization.k8s.io: "0"}
            """);
        await Eventually.TrueAsync(async () => (await _cluster
            .AdminAsync("get", "resourcequota", "-n", full, "no-bindings", "-o", "jsonpath={.status.hard}")).Length > 0, expected: "the quota in force");
        await incident.ApplyPolicyAsync(access: $"{{name: payments, roleRef: {{kind: ClusterRole, name: edit}}, namespaces: [{incident.Namespace}, {full}]}}");
        return (incident, full);
    }
}
