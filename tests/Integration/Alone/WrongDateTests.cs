using BreakGlass.Core.Api;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Alone;

/// <summary>A real API server whose answers state a wrong time: one answer that a proxy altered, or every answer of one server of two.</summary>
public sealed class WrongDateTests(OwnCluster own) : IClassFixture<OwnCluster>
{
    private const string Nothing = "^nothing$";
    private const string Skew = "breakglass_operator_clock_skew_seconds";

    private readonly TestCluster _cluster = own.Cluster;

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    [InlineData(2400)]
    public async Task One_answer_with_a_wrong_Date_ends_nothing_and_is_shown_and_the_next_grant_opens(double hours)
    {
        var (incident, next) = (await Incident.BeginAsync(_cluster), await Incident.BeginAsync(_cluster));
        await using var proxy = await KillingProxy.StartAsync(_cluster, Nothing);
        await using var operatorProcess = await RunningOperator.StartAsync(proxy.Kubeconfig, ["--leader-elect=false", .. proxy.Options]);
        await incident.AskAsync();
        var before = await incident.WaitAsync("Active");

        var poison = 1;
        proxy.DateIsOffBy = _ => Interlocked.Exchange(ref poison, 0) == 1 ? TimeSpan.FromHours(hours) : TimeSpan.Zero;
        await Eventually.TrueAsync(async () => Math.Abs((await operatorProcess.MetricsAsync())[Skew]) > 3600, expected: "the wrong answer in the metrics");
        await next.AskAsync();
        await next.WaitAsync("Active");

        var after = await incident.ReadAsync();
        after.Status.Phase.Should().Be(GrantPhase.Active);
        after.Status.ExpiresAt.Should().Be(before.Status.ExpiresAt);
        var opened = await next.ReadAsync();
        opened.Status.ActivatedAt.Should().BeCloseTo(opened.Metadata.CreatedAt!.Value, TimeSpan.FromMinutes(2));
        (await operatorProcess.StopAsync()).Should().Be(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Of_two_API_servers_one_whose_clock_is_two_hours_ahead_ends_nothing_and_locks_nobody_out(int wrong)
    {
        var incident = await Incident.BeginAsync(_cluster);
        await using var proxy = await KillingProxy.StartAsync(_cluster, Nothing);
        var (answers, started) = (0, TimeProvider.System.GetTimestamp());
        proxy.DateIsOffBy = connection =>
        {
            if (connection % 2 != wrong) return TimeSpan.Zero;
            Interlocked.Increment(ref answers);
            return TimeSpan.FromHours(2);
        };
        await using var operatorProcess = await RunningOperator.StartAsync(proxy.Kubeconfig, ["--leader-elect=false", .. proxy.Options]);
        await incident.AskAsync();
        var active = await incident.WaitAsync("Active");
        active.Status.ActivatedAt.Should().BeCloseTo(active.Metadata.CreatedAt!.Value, TimeSpan.FromMinutes(2));

        // Longer than it takes for answers to be believed that nobody contradicts. How many of them are the wrong one's depends on which connections
        // are opened.
        await Eventually.TrueAsync(
            () => Task.FromResult(Volatile.Read(ref answers) > 2 && TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(35)),
            expected: "many answers of both");
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active, operatorProcess.Log);
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        (await incident.ReadAsync()).Status.EndedAt.Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(2));
        (await operatorProcess.StopAsync()).Should().Be(0);
    }
}
