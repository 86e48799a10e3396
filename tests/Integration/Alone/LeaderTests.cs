using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>Two operators, of which one acts.</summary>
[Collection(nameof(OneCluster))]
public sealed class LeaderTests(OwnCluster own)
{
    private static readonly string[] s_quick = ["--lease-duration=6s", "--renew-deadline=4s", "--retry-period=1s"];

    private readonly Cluster _cluster = own.Cluster;

    [Fact]
    public async Task The_leader_is_killed_and_a_grant_that_expires_meanwhile_is_cut_by_the_other()
    {
        await using var first = await LeaderAsync(s_quick);
        await using var second = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, s_quick);
        (await second.LeadsAsync()).Should().BeFalse("there is a leader");
        var incident = await Incident.BeginAsync(_cluster);
        await incident.ActivateAsync("8s");
        var kubeconfig = await incident.FetchKubeconfigAsync();

        await first.KillAsync();

        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        await incident.RefusedAsync(kubeconfig);
        (await second.LeadsAsync()).Should().BeTrue();
        (await second.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task A_leader_that_is_asked_to_stop_gives_the_lease_back_so_that_the_next_need_not_wait_for_its_end()
    {
        string[] slow = ["--lease-duration=10m", "--renew-deadline=5m", "--retry-period=1s"];
        await using var first = await LeaderAsync(slow);
        await using var second = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, slow);

        (await first.StopAsync()).Should().Be(0);

        // Nothing is given back by a process that dies, and this would take ten minutes.
        await Eventually.TrueAsync(second.LeadsAsync, () => second.Log);
        (await second.StopAsync()).Should().Be(0);
        (await _cluster.AdminAsync("get", "lease", "-n", "breakglass-system", "breakglass-operator", "-o", "jsonpath={.spec.holderIdentity}")).Should().BeEmpty();
    }

    [Fact]
    public async Task A_leader_that_was_frozen_past_its_lease_ends_with_an_error_and_touches_nothing()
    {
        await using var first = await LeaderAsync(s_quick);
        await using var second = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, s_quick);
        await first.SignalAsync("STOP");
        await Eventually.TrueAsync(second.LeadsAsync, () => second.Log);

        await first.SignalAsync("CONT");

        (await Eventually.WithinLimitAsync(first.Exit, $"the end of a leader that lost its lease; it said\n{first.Log}")).Should().Be(1);
        first.Log.Should().Contain("lease was lost");
        (await second.LeadsAsync()).Should().BeTrue();
        (await second.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task A_leader_whose_lease_somebody_takes_ends_with_an_error()
    {
        await using var leader = await LeaderAsync(s_quick);

        await _cluster.AdminAsync("patch", "lease", "-n", "breakglass-system", "breakglass-operator", "--type=merge", "-p",
            $$$"""{"spec":{"holderIdentity":"somebody-else","leaseDurationSeconds":6,"renewTime":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}}}"}}""");

        (await Eventually.WithinLimitAsync(leader.Exit, $"the end of a leader that lost its lease; it said\n{leader.Log}")).Should().Be(1);
        await _cluster.AdminAsync("delete", "lease", "-n", "breakglass-system", "breakglass-operator");
    }

    [Fact]
    public async Task A_leader_that_lost_its_lease_is_gone_before_the_next_may_lead_and_does_not_linger_for_its_webhooks()
    {
        // Not ready, as nobody configured the webhooks; it leads all the same.
        await using var leader = RunningOperator.Launch(_cluster.OperatorKubeconfig, [.. s_quick, "--webhook=true", "--webhook-address=127.0.0.1:0"]);
        await Eventually.TrueAsync(async () => leader.Log.Contains("\"msg\":\"leading\"", StringComparison.Ordinal) && await leader.LeadsAsync(), () => leader.Log);

        await _cluster.AdminAsync("patch", "lease", "-n", "breakglass-system", "breakglass-operator", "--type=merge", "-p",
            $$$"""{"spec":{"holderIdentity":"somebody-else","leaseDurationSeconds":6,"renewTime":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}}}"}}""");
        await Eventually.TrueAsync(() => Task.FromResult(leader.Log.Contains("lease was lost", StringComparison.Ordinal)), () => leader.Log);
        var lost = TimeProvider.System.GetTimestamp();

        (await Eventually.WithinLimitAsync(leader.Exit, $"the end of a leader that lost its lease; it said\n{leader.Log}")).Should().Be(1);

        // Lingering alone takes five.
        TimeProvider.System.GetElapsedTime(lost).Should().BeLessThan(TimeSpan.FromSeconds(4.5));
        await _cluster.AdminAsync("delete", "lease", "-n", "breakglass-system", "breakglass-operator");

        // The other tests begin without what an operator with webhooks makes.
        await _cluster.AdminAsync("delete", "secret", "-n", "breakglass-system", "--ignore-not-found", "breakglass-webhook-tls", "breakglass-seal-keys");
    }

    private async Task<RunningOperator> LeaderAsync(string[] options)
    {
        var leader = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, options);
        await Eventually.TrueAsync(leader.LeadsAsync, () => leader.Log);
        return leader;
    }
}
