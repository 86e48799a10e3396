using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Execution;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Execution;

/// <summary>What the operator remembers of refusals and fights: enough to keep its writes bounded, and nothing of grants that are gone.</summary>
public sealed class HistoryBookTests
{
    private static readonly V1RoleBinding Binding = new() { Metadata = new() { Name = "b", NamespaceProperty = "payments", Uid = "1" }, Subjects = [new() { Kind = "User", Name = "alice" }] };

    private readonly FakeClock _clock = new();
    private readonly HistoryBook _book;

    public HistoryBookTests() => _book = new(_clock);

    [Fact]
    public void It_is_known_by_the_place_of_an_object_whatever_its_UID_and_keeps_nothing_else_of_it()
    {
        Repair(Binding);
        Repair(Binding with { Metadata = Binding.Metadata with { Uid = "2" } });
        Repair(new V1ClusterRoleBinding { Metadata = new() { Name = "b" } });
        Repair(Binding with { Metadata = Binding.Metadata with { NamespaceProperty = "shop" } });

        var known = _book.Of("inc", "g");
        known.Select(h => $"{h.Place.KindName} {h.Place.Key} {h.Repairs.Count}").Should().BeEquivalentTo("RoleBinding payments/b 2", "ClusterRoleBinding b 1", "RoleBinding shop/b 1");
        known.Select(h => h.Place).OfType<V1RoleBinding>().Should().AllSatisfy(b => b.SubjectsOrEmpty.Should().BeEmpty());
    }

    [Fact]
    public void Five_repairs_within_a_minute_are_a_fight_and_five_within_an_hour_are_none()
    {
        for (var i = 0; i < 5; i++)
        {
            Repair(Binding).IsContested.Should().BeFalse();
            _clock.Advance(TimeSpan.FromMinutes(12));
        }

        for (var i = 0; i < 4; i++) Repair(Binding).IsContested.Should().BeFalse();
        Repair(Binding).IsContested.Should().BeTrue();
        _book.Of("inc", "g").Single().Rests(_clock.GetUtcNow()).Should().BeTrue();
    }

    [Fact]
    public void What_is_over_for_long_is_forgotten()
    {
        Repair(Binding);
        _clock.Advance(PlaceHistory.RepairWindow);
        _book.Of("inc", "g").Should().BeEmpty();

        for (var i = 0; i < PlaceHistory.MostRepairs; i++) Repair(Binding);
        _clock.Advance(PlaceHistory.Truce + PlaceHistory.Truce - TimeSpan.FromSeconds(1));
        _book.Of("inc", "g").Should().ContainSingle("who begins again after the truce is known still");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _book.Of("inc", "g").Should().BeEmpty();
    }

    [Fact]
    public void A_namesake_starts_without_the_history_of_the_grant_before_it()
    {
        Repair(Binding);
        _book.Of("inc", "another").Should().BeEmpty();
        _book.Of("inc", "g").Should().BeEmpty("the one before it is gone");
        Repair(Binding, "another").Repairs.Should().ContainSingle();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_is_kept_of_a_grant_that_is_gone_or_over(bool isGone)
    {
        Repair(Binding);
        if (isGone) _book.Of("inc", null).Should().BeEmpty();
        else _book.Forget("inc");
        _book.Of("inc", "g").Should().BeEmpty();
    }

    private PlaceHistory Repair(IKubernetesObject<V1ObjectMeta> o, string uid = "g") => _book.Note("inc", uid, o, (history, now) => history.Repaired(now));
}
