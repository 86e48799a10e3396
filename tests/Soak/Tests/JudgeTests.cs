using FluentAssertions;
using Soak.Faults;
using Soak.Observing;
using Xunit;

namespace Soak.Tests;

/// <summary>What the observer calls a violation: a soak that finds nothing must be one that would have found something.</summary>
public sealed class JudgeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("soak-").FullName;
    private readonly History _history;
    private readonly FaultTimes _times;
    private readonly Stalls _stalls = new();
    private readonly Judge _judge;
    private readonly DateTimeOffset _end = Clock.Now.AddMinutes(-3);

    public JudgeTests()
    {
        _history = new(7, _ => { }, _directory);
        _times = new(_history);
        _judge = new(_history, _times, _stalls);
    }

    public void Dispose()
    {
        _history.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(0.9, 0)]
    [InlineData(1.1, 1)]
    public void A_request_that_goes_through_more_than_a_second_after_the_expiry_is_a_violation(double seconds, int violations)
    {
        _judge.Tried(Expiring(), _end.AddSeconds(seconds), allowed: true);

        _history.Violations.Should().HaveCount(violations);
    }

    [Fact]
    public void A_violation_says_the_seed_and_what_happened_to_the_grant()
    {
        var grant = Expiring();
        _history.Say(grant.Name, "alice asks");

        _judge.Tried(grant, _end.AddSeconds(30), allowed: true);

        _history.Violations.Should().ContainSingle().Which
            .Should().Contain("seed 7").And.Contain("alice asks").And.Contain("30.0 s after its expiry").And.Contain("SOAK_SEED=7");
    }

    [Fact]
    public void Access_that_comes_back_after_it_was_gone_is_a_violation()
    {
        var grant = Expiring();
        _judge.Tried(grant, _end.AddSeconds(0.5), allowed: false);

        _judge.Tried(grant, _end.AddSeconds(60), allowed: true);

        _history.Violations.Should().ContainSingle();
    }

    [Theory]
    [InlineData(4, 0)]
    [InlineData(6, 1)]
    public void A_lockdown_leaves_five_seconds_to_what_it_covers_and_more_to_nothing_else(double seconds, int violations)
    {
        var (covered, other) = (new KnownGrant("now-1", "now", "alice", "team-0", bound: false),
            new KnownGrant("wide-1", "wide", "alice", "team-0", bound: false));
        covered.ActivatedAt = other.ActivatedAt = Clock.Now.AddSeconds(-20);
        var shut = _judge.Shut("lockdown shut-1", Ends.ByLockdown, g => g.Policy == "now", [covered, other]);

        _judge.Tried(other, shut.From.AddSeconds(60), allowed: true);
        _judge.Tried(covered, shut.From.AddSeconds(seconds), allowed: true);

        _history.Violations.Should().HaveCount(violations);
    }

    [Theory]
    [InlineData(FaultNames.LeaderKilled, 19, 0)]
    [InlineData(FaultNames.LeaderKilled, 21, 1)]
    [InlineData(FaultNames.BothDead, 64, 0)]
    [InlineData(FaultNames.BothDead, 67, 1)]
    [InlineData(FaultNames.WebhooksRemoved, 2, 1)]
    [InlineData(FaultNames.SilentWatch, 2, 1)]
    public void A_fault_gives_the_time_that_the_table_says_and_no_more(string fault, double seconds, int violations)
    {
        _times.Add(new(fault, _history) { From = _end, Until = _end.AddSeconds(100) });

        _judge.Tried(Expiring(), _end.AddSeconds(seconds), allowed: true);

        _history.Violations.Should().HaveCount(violations);
    }

    [Theory]
    [InlineData((int)Ends.ByWord, 0)]
    [InlineData((int)Ends.ByLockdown, 1)]
    public void A_silent_watch_gives_more_time_to_a_revocation_and_none_to_a_lockdown(int ends, int violations)
    {
        _times.Add(new(FaultNames.SilentWatch, _history) { From = _end.AddSeconds(-2), Until = _end.AddSeconds(50) });
        var grant = new KnownGrant("now-1", "now", "alice", "team-0", bound: false);
        grant.IsDue((Ends)ends, _end, "somebody's word");

        _judge.Tried(grant, _end.AddSeconds(20), allowed: true);

        _history.Violations.Should().HaveCount(violations);
    }

    [Fact]
    public void However_long_the_faults_follow_one_another_access_ends()
    {
        for (var i = 0; i < 100; i++)
            _times.Add(new(FaultNames.LeaderKilled, _history) { From = _end.AddSeconds(i * 10), Until = _end.AddSeconds(i * 10 + 5) });

        _judge.Tried(Expiring(), _end + Allowances.Most + TimeSpan.FromSeconds(1), allowed: true);

        _history.Violations.Should().ContainSingle();
    }

    [Fact]
    public void A_machine_that_was_behind_excuses_five_seconds_at_most()
    {
        var end = Clock.Now.AddSeconds(-10);
        var grant = new KnownGrant("now-1", "now", "alice", "team-0", bound: false);
        grant.IsDue(Ends.ByTime, end, "its expiry");
        for (var i = 0; i < 20; i++) _stalls.Add(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2));

        _judge.Tried(grant, end.AddSeconds(11), allowed: true);

        _history.Violations.Should().ContainSingle();
    }

    [Fact]
    public void Every_fault_that_is_given_time_exists()
    {
        var names = Catalogue.All.Select(f => f.Name).ToList();

        Allowances.All.Select(a => a.Fault).Should().BeSubsetOf(names);
    }

    private KnownGrant Expiring()
    {
        var grant = new KnownGrant("now-1", "now", "alice", "team-0", bound: false);
        grant.IsDue(Ends.ByTime, _end, "its expiry");
        return grant;
    }
}
