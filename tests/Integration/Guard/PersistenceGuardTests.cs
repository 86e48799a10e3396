using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Guard;

/// <summary>
/// The persistence guard against grants of cluster-admin: RBAC lets their identities do everything, so whatever is refused here the guard refuses.
/// Servers from 1.30 on have policies and webhook, older ones the webhook alone.
/// </summary>
[Collection(nameof(OneGuardedCluster))]
public sealed class PersistenceGuardTests(GuardedCluster guarded)
{
    private const string Refused = "persistence guard refuses";

    private readonly TestCluster _cluster = guarded.Cluster;
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task Whatever_would_outlive_the_grant_is_refused_told_counted_and_written_down()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync();
        IReadOnlyList<PersistenceAttempt> attempts = [.. PersistenceAttempts.Allowable(_id, await PersistenceAttempts.CertificateRequestAsync(_cluster, _id)),
            .. PersistenceAttempts.Never(_id, incident)];
        foreach (var attempt in attempts)
        {
            var answer = await attempt.TryAsync(_cluster, kubeconfig);
            answer.ExitCode.Should().NotBe(0, attempt.Residue);
            answer.Error.Should().Contain(Refused, attempt.Residue).And.MatchRegex(attempt.Word == "own" ? "No policy can allow this" : $"'{attempt.Word}'");
        }

        var expected = attempts.Select(a => $"refused {a.Word}: {a.Residue}").ToList();
        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).Status.Residue.Count >= expected.Count);
        (await incident.ReadAsync()).Status.Residue.Should().BeEquivalentTo(expected);
        expected.Should().HaveCountLessThanOrEqualTo(BreakGlass.Core.Guard.Residue.MostRefused);
        guarded.Host.Attempts[incident.Policy].Should().BeGreaterThanOrEqualTo(attempts.Count);
        await Eventually.TrueAsync(
            async () => (await _cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Any(e => e is ("Warning", "PersistenceAttempt", _)));
        await Eventually.TrueAsync(
            async () => (await _cluster.EventsAsync("BreakGlassPolicy", incident.Policy)).Any(e => e is ("Warning", "PersistenceAttempt", _)));
    }

    [Fact]
    public async Task The_work_of_an_incident_is_not_in_its_way()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync();
        foreach (var command in (string[])[
            $"create configmap work-{_id} -n default", $"create secret generic work-{_id} --from-literal=a=b -n default", $"create namespace work-{_id}",
            $"create deployment work-{_id} --image=none -n default", $"scale deployment work-{_id} --replicas=2 -n default",
            $"delete deployment work-{_id} -n default",
            $"create serviceaccount work-{_id} -n default", $"label namespace work-{_id} a=b", $"delete secret work-{_id} -n default", "get secrets -A"])
        {
            (await KubectlAsync(kubeconfig, command.Split(' '))).OrThrow();
        }

        (await incident.ReadAsync()).Status.Residue.Should().BeEmpty();
    }

    [Fact]
    public async Task What_a_policy_allows_passes_and_is_written_down_but_is_no_attempt()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync("rbac", "tokens", "csr", "webhooks");
        var attempts = PersistenceAttempts.Allowable(_id, await PersistenceAttempts.CertificateRequestAsync(_cluster, _id));
        foreach (var attempt in attempts) (await attempt.TryAsync(_cluster, kubeconfig)).OrThrow();

        var expected = attempts.Select(a => $"allowed {a.Word}: {a.Residue}").ToList();
        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).Status.Residue.Count >= expected.Count);
        (await incident.ReadAsync()).Status.Residue.Should().BeEquivalentTo(expected);
        guarded.Host.Attempts.GetValueOrDefault(incident.Policy).Should().Be(0);
        foreach (var attempt in PersistenceAttempts.Never(_id, incident)) (await attempt.TryAsync(_cluster, kubeconfig)).Error
            .Should().Contain(Refused, attempt.Residue);
        await _cluster.AdminAsync("delete", "apiservice", $"v1.mine-{_id}.example.com");
    }

    [Fact]
    public async Task One_kind_that_is_allowed_allows_no_other()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync("tokens");
        foreach (var attempt in PersistenceAttempts.Allowable(_id, await PersistenceAttempts.CertificateRequestAsync(_cluster, _id)))
        {
            var answer = await attempt.TryAsync(_cluster, kubeconfig);
            (answer.ExitCode == 0).Should().Be(attempt.Word == "tokens", $"{attempt.Residue}: {answer.Error}");
        }

        (await incident.ReadAsync()).Status.Phase.Should().Be(BreakGlass.Core.Api.GrantPhase.Active);
    }

    [Fact]
    public async Task A_dry_run_is_refused_and_counted_and_leaves_no_trace_in_the_cluster()
    {
        for (var left = 5; ; left--)
        {
            var (incident, _, kubeconfig) = await guarded.GrantAsync();
            var error = (await _cluster.KubectlAsync(
                kubeconfig, "create", "clusterrole", $"dry-{_id}", "--verb=get", "--resource=pods", "--dry-run=server")).Error;

            // One that came too late is counted perhaps: what is counted exactly is the single attempt of another grant.
            if (TooSlow.IsSaidIn(error) && left > 1) continue;
            error.Should().Contain(Refused);
            guarded.Host.Attempts.GetValueOrDefault(incident.Policy).Should().Be(1);
            (await incident.ReadAsync()).Status.Residue.Should().BeEmpty();
            return;
        }
    }

    // An update of a token Secret, a certificate request and much else went past the guard.
    [Fact]
    public async Task Every_write_of_the_table_is_refused()
    {
        var (_, _, kubeconfig) = await guarded.GrantAsync();
        var walk = new TableWalk(_cluster, kubeconfig, _id);
        await walk.WalkAsync();
        walk.Missed.Should().BeEmpty();
        walk.NotWalked.Should().BeEmpty();
    }

    [Fact]
    public async Task What_is_allowed_after_60_refused_attempts_is_on_record_when_it_happens()
    {
        var (incident, _, kubeconfig) = await guarded.GrantAsync("rbac");
        for (var i = 0; i < 60; i++)
            (await _cluster.KubectlAsync(kubeconfig, "create", "configmap", $"mine-{_id}-{i}", "-n", "breakglass-system")).ExitCode.Should().NotBe(0);
        (await KubectlAsync(kubeconfig, "create", "clusterrole", $"mine-{_id}", "--verb=get", "--resource=pods")).OrThrow();
        (await incident.ReadAsync()).Status.Residue.Should().Contain($"allowed rbac: create clusterroles.rbac.authorization.k8s.io mine-{_id}");
    }

    [Fact]
    public async Task Everybody_else_goes_on_as_ever()
    {
        foreach (var command in (string[])[
            $"create clusterrole theirs-{_id} --verb=get --resource=pods", $"delete clusterrole theirs-{_id}",
            $"create secret generic theirs-{_id} -n breakglass-system",
            $"create configmap theirs-{_id} -n breakglass-grants"])
        {
            (await KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, command.Split(' '))).OrThrow();
        }
    }

    private Task<CommandResult> KubectlAsync(string kubeconfig, params string[] arguments) =>
        TooSlow.AgainAsync(() => _cluster.KubectlAsync(kubeconfig, arguments));
}
