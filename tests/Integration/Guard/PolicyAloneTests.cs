using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Guard;

/// <summary>
/// The guard's policies without the webhook: somebody took its configuration away, or the operator is down. What is refused is then not recorded,
/// but it is refused.
/// </summary>
[Collection(nameof(OneGuardedCluster))]
public sealed class PolicyAloneTests(GuardedCluster guarded) : IAsyncLifetime
{
    private readonly TestCluster _cluster = guarded.Cluster;
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    public Task InitializeAsync() => guarded.UnplugAsync();

    public Task DisposeAsync() => guarded.PlugInAsync();

    [ServerFact(MinMinor = 30)]
    public async Task Every_attempt_of_a_grant_of_cluster_admin_is_refused()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync();
        foreach (var attempt in PersistenceAttempts.Allowable(_id, await PersistenceAttempts.CertificateRequestAsync(_cluster, _id))
            .Concat(PersistenceAttempts.Never(_id, incident)))
        {
            (await attempt.TryAsync(_cluster, kubeconfig)).Error
                .Should().Contain("persistence guard refuses", attempt.Residue).And.Contain("ValidatingAdmissionPolicy");
        }

        (await _cluster.KubectlAsync(kubeconfig, "create", "secret", "generic", $"work-{_id}", "-n", "default")).OrThrow();
    }

    [ServerFact(MinMinor = 30)]
    public async Task Every_write_of_the_table_is_refused()
    {
        var (_, _, kubeconfig) = await guarded.GrantAsync();
        var walk = new TableWalk(_cluster, kubeconfig, _id);
        await walk.WalkAsync();
        walk.Missed.Should().BeEmpty();
        walk.NotWalked.Should().BeEmpty();
    }

    [ServerFact(MinMinor = 30)]
    public async Task What_a_policy_allows_passes_by_a_binding_of_its_holder()
    {
        var (_, _, kubeconfig) = await guarded.GrantAsync("rbac", "tokens", "csr", "webhooks");
        foreach (var attempt in PersistenceAttempts.Allowable(_id, await PersistenceAttempts.CertificateRequestAsync(_cluster, _id)))
            (await attempt.TryAsync(_cluster, kubeconfig)).OrThrow();
        await _cluster.AdminAsync("delete", "apiservice", $"v1.mine-{_id}.example.com");
    }

    [ServerFact(MinMinor = 30)]
    public async Task One_kind_that_is_allowed_allows_no_other()
    {
        foreach (var word in (string[])["rbac", "csr"])
        {
            var (_, _, kubeconfig) = await guarded.GrantAsync(word);
            foreach (var attempt in PersistenceAttempts.Allowable($"{_id}-{word}",
                await PersistenceAttempts.CertificateRequestAsync(_cluster, $"{_id}-{word}")))
            {
                var answer = await attempt.TryAsync(_cluster, kubeconfig);
                (answer.ExitCode == 0).Should().Be(attempt.Word == word, $"{word}: {attempt.Residue}: {answer.Error}");
            }
        }
    }

    [ServerFact(MinMinor = 30)]
    public async Task Where_nobody_answers_the_webhook_what_is_guarded_fails_and_all_other_work_goes_on()
    {
        var (_, _, kubeconfig) = await guarded.GrantAsync("rbac");
        await guarded.PointNowhereAsync();
        await Eventually.TrueAsync(async () =>
            (await _cluster.KubectlAsync(kubeconfig, "create", "clusterrole", $"mine-{_id}", "--verb=get", "--resource=pods", "--dry-run=server")).Error
                .Contains("failed calling webhook", StringComparison.Ordinal));
        (await _cluster.KubectlAsync(kubeconfig, "create", "secret", "generic", $"work-{_id}", "-n", "default")).OrThrow();
        (await _cluster.KubectlAsync(kubeconfig, "create", "deployment", $"work-{_id}", "--image=none", "-n", "default")).OrThrow();
        await _cluster.AdminAsync("create", "clusterrole", $"theirs-{_id}", "--verb=get", "--resource=pods");
    }

    [ServerFact(MinMinor = 30)]
    public async Task The_operator_may_bind_the_guards_roles_and_need_not_hold_them()
    {
        foreach (var word in (string[])["rbac", "tokens", "csr", "webhooks"])
        {
            (await _cluster.ControlPlane.KubectlAsync(_cluster.OperatorKubeconfig, ["create", "--dry-run=server", "-f", "-"], $$"""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: breakglass-inc-{{_id}}aa, labels: {breakglass.dev/grant: inc} }
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: breakglass-persistence-{{word}} }
                subjects: [{kind: ServiceAccount, name: inc-0123456789.persistence, namespace: breakglass-grants}]
                """)).OrThrow();
        }
    }
}
