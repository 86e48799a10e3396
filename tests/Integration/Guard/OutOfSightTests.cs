using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Guard;

/// <summary>
/// Known limits, shown so that nobody relies on what is not there: these writes reach no admission, or not as the grant's. Only the roles that
/// policies hand out keep them away (RoleRisk.CanImpersonate, RoleRisk.CanChangeAdmission).
/// </summary>
[Collection(nameof(OneGuardedCluster))]
public sealed class OutOfSightTests(GuardedCluster guarded)
{
    private readonly TestCluster _cluster = guarded.Cluster;
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task What_is_done_as_somebody_else_is_not_seen_as_the_grants()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync();
        (await _cluster.KubectlAsync(
            kubeconfig, "create", "clusterrole", $"mine-{_id}", "--verb=get", "--resource=pods", "--as=somebody", "--as-group=system:masters")).OrThrow();
        (await incident.ReadAsync()).Status.Residue.Should().BeEmpty();
    }

    [Theory]
    [InlineData("ValidatingWebhookConfiguration")]
    [InlineData("MutatingWebhookConfiguration")]
    public async Task Webhooks_are_not_asked_about_webhook_configurations_but_policies_are(string kind)
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync();
        var answer = await CreateAsync(kubeconfig, $"kind: {kind}\nmetadata: {{name: mine-{_id}}}\nwebhooks: []");
        if (GuardedCluster.HasPolicies) answer.Error.Should().Contain("persistence guard refuses").And.Contain("ValidatingAdmissionPolicy");
        else answer.OrThrow();
        (await incident.ReadAsync()).Status.Residue.Should().BeEmpty("the webhook, which records, never heard of it");
    }

    [ServerFact(MinMinor = 30)]
    public async Task Nobody_is_asked_about_admission_policies_and_their_bindings()
    {
        var (_, _, kubeconfig) = await guarded.GrantAsync();
        (await CreateAsync(kubeconfig, $"kind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: mine-{_id}}}\nspec: {{policyName: none, "
            + $"validationActions: [Audit]}}")).OrThrow();
    }

    private Task<CommandResult> CreateAsync(string kubeconfig, string manifest) =>
        _cluster.ControlPlane.KubectlAsync(kubeconfig, ["create", "-f", "-"], $"apiVersion: admissionregistration.k8s.io/v1\n{manifest}\n");
}
