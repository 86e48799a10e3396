using BreakGlass.Core.Api;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Life;

/// <summary>The ways in which access ends before its time. Whatever it is, access ends first.</summary>
public sealed class EndingTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task Deleting_an_active_grant_revokes_first()
    {
        var (incident, kubeconfig) = await ActiveAsync();

        await _cluster.AdminAsync("delete", "bgg", incident.Grant, Eventually.KubectlTimeout);

        (await _cluster.GrantAsync(incident.Grant)).Should().BeNull("kubectl delete returns when it is gone");
        await incident.NothingLeftAsync();
        await incident.RefusedAsync(kubeconfig);
        await Eventually.TrueAsync(async () => (await _cluster.EventsAsync("BreakGlassPolicy", incident.Policy)).Any(e => e.Reason == "GrantRevoked"));
    }

    [Fact]
    public async Task Deleting_a_policy_revokes_its_grants_first_and_the_record_stays()
    {
        var (incident, kubeconfig) = await ActiveAsync();
        await Eventually.TrueAsync(async () => (await _cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None))
            .FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer));

        await _cluster.AdminAsync("delete", "bgp", incident.Policy, Eventually.KubectlTimeout);

        // The policy was held until access had ended.
        var grant = await incident.ReadAsync();
        (grant.Status.Phase, grant.Status.EndReason).Should().Be((GrantPhase.Revoked, EndReason.PolicyDeleted));
        await incident.RefusedAsync(kubeconfig);
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.PolicyDeleted);
    }

    [Fact]
    public async Task Suspending_a_policy_revokes_its_grants_and_gives_no_new_ones()
    {
        var (incident, kubeconfig) = await ActiveAsync();

        await _cluster.AdminAsync("patch", "bgp", incident.Policy, "--type=merge", "-p", """{"spec":{"suspended":true}}""");

        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.PolicySuspended);
        await incident.RefusedAsync(kubeconfig);
        await _cluster.AdminAsync("delete", "bgg", incident.Grant, Eventually.KubectlTimeout);
        await incident.AskAsync();
        var denied = await incident.WaitAsync("Authorized", "False");
        denied.Status.Conditions.Single(c => c.Type == "Authorized").Reason.Should().Be("PolicySuspended");
    }

    [Fact]
    public async Task A_policy_that_no_longer_gives_it_ends_it()
    {
        var (incident, kubeconfig) = await ActiveAsync();

        await _cluster.AdminAsync("patch", "bgp", incident.Policy, "--type=merge", "-p", """{"spec":{"requesters":[{"kind":"User","name":"carol"}]}}""");

        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.PolicyNarrowed);
        await incident.RefusedAsync(kubeconfig);
    }

    [Fact]
    public async Task What_a_person_may_not_change_stays_and_a_revocation_is_never_taken_back()
    {
        var (incident, kubeconfig) = await ActiveAsync();
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);

        await _cluster.KubectlAsync(_cluster.Alice, "patch", $"bgg/{incident.Grant}", "--type=merge", "-p", """{"spec":{"revoke":null,"duration":"1h"}}""");
        (await _cluster.KubectlAsync(_cluster.Alice, "delete", $"bgg/{incident.Grant}")).Error.Should().Contain("Forbidden");
        await shared.SettledAsync();

        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Revoked, "terminal is terminal, on servers without CEL too");
        await incident.NothingLeftAsync();
        (await incident.CanReadAsync(kubeconfig)).Should().BeFalse();
    }

    private async Task<(Incident Incident, string Kubeconfig)> ActiveAsync()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.ActivateAsync();
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);
        return (incident, kubeconfig);
    }
}
