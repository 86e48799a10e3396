using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>Two operators, of which one acts.</summary>
[Collection(nameof(OneCluster))]
public sealed class LeaderTests(OwnCluster own)
{
    private static readonly string[] s_quick = ["--lease-duration=15s", "--renew-deadline=10s", "--retry-period=1s"];

    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task The_leader_is_killed_and_a_grant_that_expires_meanwhile_is_cut_by_the_other()
    {
        await using var first = await LeaderAsync(s_quick);
        await using var second = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, s_quick);
        var incident = await Incident.BeginAsync(_cluster);
        var kubeconfig = "";
        await incident.WhileItLastsAsync(8, async _ => kubeconfig = await incident.FetchKubeconfigAsync());
        var (leader, other) = await WhoLeadsAsync(first, second);

        await leader.KillAsync();

        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        await incident.RefusedAsync(kubeconfig);
        await Eventually.TrueAsync(other.LeadsAsync, () => other.Log);
        (await other.StopAsync()).Should().Be(0);
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
        (await _cluster.AdminAsync("get", "lease", "-n", "breakglass-system", "breakglass-operator", "-o", "jsonpath={.spec.holderIdentity}"))
            .Should().BeEmpty();
    }

    [Fact]
    public async Task A_leader_that_was_frozen_past_its_lease_stops_leading_touches_nothing_and_stands_by()
    {
        await using var first = await LeaderAsync(s_quick);
        await using var second = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, s_quick);
        await first.SignalAsync("STOP");
        await Eventually.TrueAsync(second.LeadsAsync, () => second.Log);

        await first.SignalAsync("CONT");

        await Eventually.TrueAsync(
            async () => first.Log.Contains("tries to acquire it again", StringComparison.Ordinal) && !await first.LeadsAsync(), () => first.Log);
        await Eventually.TrueAsync(second.LeadsAsync, () => second.Log);
        (await second.StopAsync()).Should().Be(0);
        await Eventually.TrueAsync(first.LeadsAsync, () => first.Log);
        (await first.StopAsync()).Should().Be(0);
    }

    [Fact]
    public async Task A_leader_whose_lease_somebody_takes_goes_on_answering_and_leads_again_in_the_same_process()
    {
        // Not ready, as nobody configured the webhooks; it leads all the same.
        await using var leader = RunningOperator.Launch(_cluster.OperatorKubeconfig, [.. s_quick, "--webhook=true", "--webhook-address=127.0.0.1:0"]);
        await Eventually.TrueAsync(
            async () => leader.Log.Contains("\"msg\":\"leading\"", StringComparison.Ordinal) && await leader.LeadsAsync(), () => leader.Log);

        await _cluster.AdminAsync("patch", "lease", "-n", "breakglass-system", "breakglass-operator", "--type=merge", "-p",
            $$$"""{"spec":"""
                + $$$"""{"holderIdentity":"somebody-else","leaseDurationSeconds":3600,"renewTime":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}}}"}}""");
        await Eventually.TrueAsync(
            async () => leader.Log.Contains("tries to acquire it again", StringComparison.Ordinal) && !await leader.LeadsAsync(), () => leader.Log);
        leader.Exit.IsCompleted.Should().BeFalse("its webhooks, probes and metrics go on");
        await _cluster.AdminAsync(
            "patch", "lease", "-n", "breakglass-system", "breakglass-operator", "--type=merge", "-p", """{"spec":{"leaseDurationSeconds":1}}""");

        await Eventually.TrueAsync(leader.LeadsAsync, () => leader.Log);
        var incident = await Incident.BeginAsync(_cluster);
        await incident.AskAsync("5s");
        await incident.WaitForPhaseAsync(GrantPhase.Expired);
        await incident.OverAndProvenAsync(GrantPhase.Expired, EndReason.Expired);
        (await leader.StopAsync()).Should().Be(0);

        // The other tests begin without what an operator with webhooks makes.
        await _cluster.AdminAsync("delete", "secret", "-n", "breakglass-system", "--ignore-not-found", "breakglass-webhook-tls", "breakglass-seal-keys");
    }

    /// <summary>Of two replicas the one that leads, and the other: a machine that stood still for some seconds may have made them change places.</summary>
    private static async Task<(RunningOperator Leader, RunningOperator Other)> WhoLeadsAsync(RunningOperator one, RunningOperator two)
    {
        var leads = (One: false, Two: false);
        await Eventually.TrueAsync(
            async () => (leads = (await one.LeadsAsync(), await two.LeadsAsync())) is (true, false) or (false, true), () => one.Log + two.Log,
            expected: "one leader");
        return leads.One ? (one, two) : (two, one);
    }

    private async Task<RunningOperator> LeaderAsync(string[] options)
    {
        var leader = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, options);
        await Eventually.TrueAsync(leader.LeadsAsync, () => leader.Log);
        return leader;
    }
}
