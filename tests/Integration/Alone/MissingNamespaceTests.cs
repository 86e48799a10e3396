using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>The namespace of the grants' identities is deleted, and with it the operator's rights in it.</summary>
public sealed class MissingNamespaceTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task Ends_go_on_record_new_grants_fail_with_the_way_back_and_all_works_again_without_a_restart()
    {
        await using var running = await _cluster.StartOperatorAsync();
        var active = await Incident.BeginAsync(_cluster);
        await active.ActivateAsync();
        var kubeconfig = await active.FetchKubeconfigAsync();

        await _cluster.AdminAsync("delete", "namespace", "breakglass-grants", Eventually.KubectlTimeout);

        await active.RefusedAsync(kubeconfig);
        var over = await active.WaitAsync("Revoked");
        (over.Status.Phase, over.Status.Conditions.Single(c => c.Type == "Active").Reason).Should().Be((GrantPhase.Failed, "NamespaceMissing"));
        await active.NothingLeftAsync();

        var asked = await Incident.BeginAsync(_cluster);
        await asked.AskAsync();
        var failed = await asked.WaitForPhaseAsync(GrantPhase.Failed);
        failed.Status.Conditions.Single(c => c.Type == "Active").Message.Should().Contain("kubectl apply -k config/rbac");
        await asked.NothingLeftAsync();

        await _cluster.AdminAsync("apply", "-k", TestCluster.Config("rbac"));
        var again = await Incident.BeginAsync(_cluster);
        await again.ActivateAsync();
        await again.AllowedAsync(await again.FetchKubeconfigAsync());
        await again.RevokeAsync();
        await again.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    }
}
