using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>A voucher is used once, whatever the caches show, whoever decides meanwhile, and whoever dies in the middle.</summary>
public sealed class VoucherRaceTests
{
    private enum Move
    {
        Turn, TurnAndDie, Restart, Keep,
    }

    [Fact]
    public void Of_fifty_grants_by_one_voucher_exactly_one_opens()
    {
        var race = new VoucherRace(grants: 50, deciders: 2);
        for (var round = 0; round < 12; round++)
        {
            for (var grant = 0; grant < 50; grant++) race.Turn((round + grant) % 2, grant);
            race.Live.Count().Should().BeLessThanOrEqualTo(1);
        }

        race.Live.Should().ContainSingle();
        race.Grants.Values.Where(g => g.Status.Phase is GrantPhase.Denied).Select(g => g.Status.Transitions[^1].Reason).Should()
            .HaveCount(49).And.OnlyContain(reason => reason == DenialReasons.VoucherUsed);
        race.Authority.Status.Used.Should().ContainSingle().Which.GrantUid.Should().Be(race.Live.Single().Metadata.Uid);
    }

    [Fact]
    public void An_operator_that_dies_between_the_use_and_the_record_leaves_the_voucher_to_the_same_grant()
    {
        var race = new VoucherRace(grants: 2, deciders: 2);
        race.Turn(0, 0, dies: true);
        race.Authority.Status.Used.Should().ContainSingle().Which.Grant.Should().Be("g0");
        race.Live.Should().BeEmpty();

        for (var i = 0; i < 4; i++) race.Turn(1, 1);
        race.Grants["g1"].Status.Phase.Should().Be(GrantPhase.Denied);
        for (var i = 0; i < 4; i++) race.Turn(1, 0);
        race.Live.Should().ContainSingle().Which.Metadata.Name.Should().Be("g0");
        race.Authority.Status.Used.Should().ContainSingle();
    }

    [Fact]
    public void Whatever_dies_lags_and_is_kept_at_most_one_grant_opens_and_its_use_is_recorded()
    {
        var moves = from kind in Gen.Frequency((12, Gen.Constant(Move.Turn)), (2, Gen.Constant(Move.TurnAndDie)), (1, Gen.Constant(Move.Restart)),
                        (1, Gen.Constant(Move.Keep)))
                    from decider in Gen.Choose(0, 2) from grant in Gen.Choose(0, 7)
                    select (kind, decider, grant);
        var opened = 0;
        Prop.ForAll(Arb.From(moves.ListOf().Resize(60)), all =>
        {
            var race = new VoucherRace(grants: 8, deciders: 3);
            foreach (var (kind, decider, grant) in all)
            {
                switch (kind)
                {
                    case Move.Turn: race.Turn(decider, grant); break;
                    case Move.TurnAndDie: race.Turn(decider, grant, dies: true); break;
                    case Move.Restart: race.Restart(decider); break;
                    case Move.Keep: race.Keep(decider); break;
                }

                var live = race.Live.ToList();
                if (live.Count > 1 || live.Exists(g => race.Authority.Status.Used.Count(u => u.GrantUid == g.Metadata.Uid) != 1))
                    throw new InvalidOperationException($"opened: {string.Join(", ", live.Select(g => g.Metadata.Name))}");
            }

            opened += race.Live.Count();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithStartSize(20).WithEndSize(60).WithReplay(71, 143));
        opened.Should().BeGreaterThan(100);
    }
}
