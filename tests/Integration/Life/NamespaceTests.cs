using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Xunit;

namespace Integration.Life;

/// <summary>Namespaces come and go while a grant is active.</summary>
public sealed class NamespaceTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_namespace_that_comes_to_match_a_selector_is_in_and_one_that_no_longer_does_is_out()
    {
        var (incident, first) = await SelectingAsync();
        await incident.NewNamespaceAsync(first, $"{{{incident.Label}: shop}}");
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig, first);
        (await incident.CanReadAsync(kubeconfig)).Should().BeFalse("its labels do not match yet");

        await _cluster.AdminAsync("label", "namespace", incident.Namespace, $"{incident.Label}=shop");
        await incident.AllowedAsync(kubeconfig);
        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).Status.Bindings.Count == 2);

        await _cluster.AdminAsync("label", "namespace", incident.Namespace, $"{incident.Label}-");
        await incident.RefusedAsync(kubeconfig);
        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).Status.Bindings.Count == 1);
        (await incident.CanReadAsync(kubeconfig, first)).Should().BeTrue();

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(kubeconfig, first);
    }

    [Fact]
    public async Task A_namespace_that_is_deleted_while_a_grant_reaches_it_goes_and_the_grant_lives_on_in_the_others()
    {
        var (incident, other) = await SelectingAsync();
        await incident.NewNamespaceAsync(other, $"{{{incident.Label}: shop}}");
        await _cluster.AdminAsync("label", "namespace", incident.Namespace, $"{incident.Label}=shop");
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);

        await _cluster.AdminAsync("delete", "namespace", incident.Namespace, Eventually.KubectlTimeout);

        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).Status.Bindings is [{ Namespace: { } ns }] && ns == other);
        (await incident.CanReadAsync(kubeconfig, other)).Should().BeTrue();
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active);
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }

    [Fact]
    public async Task The_only_namespace_of_a_grant_can_be_deleted_and_the_grant_still_ends_in_good_order()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.WhileItLastsAsync(25, _ => Task.CompletedTask);

        await _cluster.AdminAsync("delete", "namespace", incident.Namespace, Eventually.KubectlTimeout);

        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
    }

    [Fact]
    public async Task A_namespace_that_is_created_again_under_an_active_grant_is_not_reached_by_its_name()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await _cluster.AdminAsync("delete", "namespace", incident.Namespace, Eventually.KubectlTimeout);

        await incident.NewNamespaceAsync(incident.Namespace);

        await Eventually.TrueAsync(async () => Conditions.Find((await incident.ReadAsync()).Status.Conditions, "Active")!.Message
            .Contains("was deleted and created again", StringComparison.Ordinal));
        await incident.RefusedAsync(kubeconfig);
        (await _cluster.AdminAsync("get", "rolebindings", "-n", incident.Namespace, "-o", "name")).Should().BeEmpty();
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(kubeconfig);
    }

    private async Task<(Incident Incident, string Other)> SelectingAsync()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await incident.ApplyPolicyAsync(
            access: $"{{name: payments, roleRef: {{kind: ClusterRole, name: edit}}, namespaceSelector: {{matchLabels: {{{incident.Label}: shop}}}}}}");
        return (incident, incident.Namespace + "-shop");
    }
}
