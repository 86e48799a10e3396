using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>No place is given twice, whatever the caches show and whoever decides meanwhile.</summary>
public sealed class LimitRaceTests
{
    private enum Move
    {
        Turn, Look, LookAtPolicy, KeepPolicy, Restart, End, Delete,
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(50)]
    public void Fifty_at_once_by_caches_that_never_catch_up_get_exactly_as_many_places_as_there_are(int most)
    {
        var race = new LimitRace(new Limits { MaxActive = most }, grants: 50, deciders: 2, requester: i => $"user-{i}");
        for (var round = 0; round < 200; round++)
        {
            for (var grant = 0; grant < 50; grant++) race.Turn((round + grant) % 2, grant);
            race.Live.Count().Should().BeLessThanOrEqualTo(most);
        }

        race.Live.Should().HaveCount(most);
        var denied = race.Grants.Values.Where(g => g.Status.Phase is GrantPhase.Denied).Select(g => g.Status.Transitions[^1].Reason).ToList();
        denied.Should().HaveCount(50 - most).And.NotContain(reason => reason != "LimitReached");
    }

    [Fact]
    public void Every_interleaving_of_two_operators_with_two_grants_and_one_place_gives_it_once()
    {
        // Three turns each reserve, record or are sent back: which operator looks at which grant, in every order.
        const int Turns = 6;
        for (var order = 0; order < 1 << (2 * Turns); order++)
        {
            var race = new LimitRace(new Limits { MaxActive = 1 }, grants: 2, deciders: 2, requester: i => $"user-{i}");
            for (var turn = 0; turn < Turns; turn++)
            {
                var move = (order >> (2 * turn)) & 3;
                race.Turn(move >> 1, move & 1);
            }

            if (race.Live.Count() > 1) throw new InvalidOperationException($"Interleaving {order:x} gave the one place twice.");
        }
    }

    [Fact]
    public void Whatever_ends_restarts_and_lags_there_are_never_more_than_the_limits_say()
    {
        var moves = from kind in Gen.Frequency(
            (12, Gen.Constant(Move.Turn)), (3, Gen.Constant(Move.Look)), (1, Gen.Constant(Move.LookAtPolicy)), (2, Gen.Constant(Move.KeepPolicy)),
                        (1, Gen.Constant(Move.Restart)), (2, Gen.Constant(Move.End)), (1, Gen.Constant(Move.Delete)))
                    from decider in Gen.Choose(0, 2) from grant in Gen.Choose(0, 11)
                    select (kind, decider, grant);
        Prop.ForAll(Arb.From(moves.ListOf().Resize(250)), all =>
        {
            var race = new LimitRace(new Limits { MaxActive = 3, MaxActivePerRequester = 1 }, grants: 12, deciders: 3, requester: i => $"user-{i % 5}");
            foreach (var (kind, decider, grant) in all)
            {
                switch (kind)
                {
                    case Move.Turn: race.Turn(decider, grant); break;
                    case Move.Look: race.Look(decider, grant); break;
                    case Move.LookAtPolicy: race.LookAtPolicy(decider); break;
                    case Move.KeepPolicy: race.KeepPolicy(decider); break;
                    case Move.Restart: race.Restart(decider, grant); break;
                    case Move.End: race.End(grant); break;
                    case Move.Delete: race.Delete(grant); break;
                }

                var live = race.Live.ToList();
                if (live.Count > 3 || live.DistinctBy(g => g.Spec.Requester!.Username).Count() < live.Count) throw new InvalidOperationException(
                    $"{live.Count} are live: {string.Join(", ", live.Select(g => $"{g.Metadata.Name} of {g.Spec.Requester!.Username}"))}");
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithStartSize(50).WithEndSize(250).WithReplay(66, 133));
    }

    [Fact]
    public void Of_twenty_that_nobody_approved_in_time_one_is_given_by_the_bypass()
    {
        var policy = GrantApprovalTests.JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } });
        var race = new LimitRace(policy, grants: 20, deciders: 2, requester: i => $"user-{i}") { Now = A.Start.AddMinutes(15) };
        for (var round = 0; round < 60; round++)
        {
            for (var grant = 0; grant < 20; grant++) race.Turn((round + grant) % 2, grant);
        }

        race.Live.Should().ContainSingle("no other before it is reviewed");
        race.Grants.Values.Count(g => g.Status.EndReason is EndReason.ApprovalTimeout).Should().Be(19);
    }

    [Fact]
    public void A_cooldown_holds_across_operators_restarts_and_deleted_records()
    {
        var race = new LimitRace(new Limits { Cooldown = "10m" }, grants: 3, deciders: 2, requester: _ => "alice");
        race.Turn(0, 0);
        race.Turn(0, 0);
        race.Live.Should().ContainSingle();
        race.Now = A.Start.AddMinutes(5);
        race.End(0);
        race.Look(0, 0);
        race.KeepPolicy(0);
        race.Delete(0);
        race.Restart(1, 3);
        race.Now = A.Start.AddMinutes(10);
        for (var i = 0; i < 4; i++) race.Turn(1, 1);
        race.Grants["g1"].Status.Transitions[^1].Reason.Should().Be("CoolingDown", "the record is deleted, and the policy remembers");
        race.Now = A.Start.AddMinutes(15);
        for (var i = 0; i < 4; i++) race.Turn(1, 2);
        race.Live.Should().ContainSingle();
    }

    /// <summary>A new leader's first list of grants may be older than the policy that it reads.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_waits_for_a_review_gets_no_further_grant_of_an_operator_whose_cache_does_not_show_the_first_one(bool policyKept)
    {
        var race = new LimitRace(Blocking(), grants: 2, deciders: 2, requester: _ => "alice");
        for (var i = 0; i < 2; i++) race.Turn(0, 0);
        race.Live.Should().ContainSingle();
        race.End(0);
        if (policyKept)
        {
            race.Look(0, 0);
            race.KeepPolicy(0);
        }

        race.Restart(1, 0);
        race.KeepPolicy(1);
        for (var i = 0; i < 4; i++) race.Turn(1, 1);
        race.Grants["g1"].Status.Transitions.Should().ContainSingle().Which.Reason.Should().Be("ReviewPending");
    }

    [Fact]
    public void A_bypass_that_was_not_reviewed_is_not_forgotten_by_an_operator_whose_cache_does_not_show_it()
    {
        var policy = GrantApprovalTests.JustInTime(policy: s => s with { EmergencyBypass = new() { Duration = "10m" } });
        var race = new LimitRace(policy, grants: 2, deciders: 2, requester: i => $"user-{i}") { Now = A.Start.AddMinutes(15) };
        for (var i = 0; i < 3; i++) race.Turn(0, 0);
        race.Live.Should().ContainSingle();
        race.End(0);
        race.Look(0, 0);
        race.KeepPolicy(0);
        race.Restart(1, 0);
        race.KeepPolicy(1);
        race.Policy.Status.Holders.Should().ContainSingle().Which.Bypass.Should().BeTrue();
        race.KeepPolicy(0);
        for (var i = 0; i < 4; i++) race.Turn(0, 1);
        race.Grants["g1"].Status.Phase.Should().Be(GrantPhase.Denied);
    }

    [Fact]
    public void Whatever_ends_restarts_and_lags_nobody_gets_a_second_grant_before_the_first_is_reviewed()
    {
        var moves = from kind in Gen.Frequency(
            (12, Gen.Constant(Move.Turn)), (3, Gen.Constant(Move.Look)), (1, Gen.Constant(Move.LookAtPolicy)), (2, Gen.Constant(Move.KeepPolicy)),
                        (1, Gen.Constant(Move.Restart)), (2, Gen.Constant(Move.End)))
                    from decider in Gen.Choose(0, 2) from grant in Gen.Choose(0, 11)
                    select (kind, decider, grant);
        Prop.ForAll(Arb.From(moves.ListOf().Resize(250)), all =>
        {
            var race = new LimitRace(Blocking(new() { MaxActivePerRequester = 1 }), grants: 12, deciders: 3, requester: i => $"user-{i % 4}");
            foreach (var (kind, decider, grant) in all)
            {
                switch (kind)
                {
                    case Move.Turn: race.Turn(decider, grant); break;
                    case Move.Look: race.Look(decider, grant); break;
                    case Move.LookAtPolicy: race.LookAtPolicy(decider); break;
                    case Move.KeepPolicy: race.KeepPolicy(decider); break;
                    case Move.Restart: race.Restart(decider, grant); break;
                    case Move.End: race.End(grant); break;
                }

                // One at a time, and none after it, as nobody reviews here.
                var given = race.Grants.Values.Where(g => g.Status.ExpiresAt is not null).ToList();
                if (given.DistinctBy(g => g.Spec.Requester!.Username).Count() < given.Count) throw new InvalidOperationException(
                    $"given: {string.Join(", ", given.Select(g => $"{g.Metadata.Name} to {g.Spec.Requester!.Username}"))}");
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithStartSize(50).WithEndSize(250).WithReplay(67, 133));
    }

    private static BreakGlassPolicy Blocking(Limits? limits = null) =>
        A.Policy(s => s with { Limits = limits,
            Review = new() { Required = true, Within = "2h", Reviewers = [A.Group("security")], BlockRequesterUntilReviewed = true } });
}
