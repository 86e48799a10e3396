using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>What the operator remembers of refusals and fights: enough to keep its writes bounded, and nothing of grants that are gone.</summary>
public sealed class PlaceHistoryTests
{
    private static readonly V1RoleBinding Binding = new()
    {
        Metadata = new() { Name = "b", NamespaceProperty = "payments", Uid = "1" }, Subjects = [Bound.User("alice")],
    };

    private DateTimeOffset _now = A.Start;
    private GrantRun _run = GrantRun.Fresh.Of("g");

    [Fact]
    public void It_is_known_by_the_place_of_an_object_whatever_its_UID_and_keeps_nothing_else_of_it()
    {
        Repair(Binding);
        Repair(Binding with { Metadata = Binding.Metadata with { Uid = "2" } });
        Repair(new V1ClusterRoleBinding { Metadata = new() { Name = "b" } });
        Repair(Binding with { Metadata = Binding.Metadata with { NamespaceProperty = "shop" } });

        Known.Select(h => $"{h.Place.KindName} {h.Place.Key} {h.Repairs.Count}").Should()
            .BeEquivalentTo("RoleBinding payments/b 2", "ClusterRoleBinding b 1", "RoleBinding shop/b 1");
        Known.Select(h => h.Place).OfType<V1RoleBinding>().Should().AllSatisfy(b => b.SubjectsOrEmpty.Should().BeEmpty());
    }

    [Fact]
    public void Five_repairs_within_a_minute_are_a_fight_and_five_within_an_hour_are_none()
    {
        for (var i = 0; i < 5; i++)
        {
            Repair(Binding).IsContested.Should().BeFalse();
            Pass(TimeSpan.FromMinutes(12));
        }

        for (var i = 0; i < 4; i++) Repair(Binding).IsContested.Should().BeFalse();
        Repair(Binding).IsContested.Should().BeTrue();
        Known.Single().Rests(_now).Should().BeTrue();
    }

    [Fact]
    public void What_is_over_for_long_is_forgotten()
    {
        Repair(Binding);
        Pass(PlaceHistory.RepairWindow);
        Known.Should().BeEmpty();
        _run.Again(_now).Should().BeNull();

        for (var i = 0; i < PlaceHistory.MostRepairs; i++) Repair(Binding);
        Pass(PlaceHistory.Truce + PlaceHistory.Truce - TimeSpan.FromSeconds(1));
        Known.Should().ContainSingle("somebody who begins again after the truce is still known");
        Pass(TimeSpan.FromSeconds(2));
        Known.Should().BeEmpty();
    }

    [Fact]
    public void A_refusal_of_long_ago_does_not_count_with_the_one_of_now_also_within_one_run()
    {
        Refuse(Binding);
        Pass(TimeSpan.FromHours(1));
        var now = _now;

        Refuse(Binding).RefusedSince.Should().Be(now, "a grant ends if a binding cannot be repaired for some seconds, not at the first refusal");
        Known.Single().Refusals.Should().Be(1);
    }

    [Fact]
    public void A_namesake_starts_without_the_history_of_the_grant_before_it()
    {
        Repair(Binding);
        _run = _run.Of("another");
        Known.Should().BeEmpty();
        Repair(Binding).Repairs.Should().ContainSingle();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_is_kept_of_a_grant_that_is_gone_or_over(bool isGone)
    {
        Repair(Binding);
        _run.AtRest(Facts).Again(_now).Should().NotBeNull();
        var facts = Facts with { Grant = isGone ? null : A.Grant() with { Status = new() { Phase = GrantPhase.Expired } } };
        _run.AtRest(facts).Again(_now).Should().BeNull();
    }

    private IReadOnlyList<PlaceHistory> Known => _run.Known(Facts).Histories;

    private GrantFacts Facts => new() { Now = _now, Settings = A.Settings, Name = "inc", Grant = A.Grant(), Cluster = AView.Usual() };

    private void Pass(TimeSpan time) => _now += time;

    private PlaceHistory Refuse(IKubernetesObject<V1ObjectMeta> o)
    {
        _run = _run.After(Facts, new PlanStep.Repair(o, "1"), StepResult.Of(500, new() { Code = 500 }), _now).Run;
        return Known.First(h => GrantObjects.SamePlace(h.Place, o));
    }

    private PlaceHistory Repair(IKubernetesObject<V1ObjectMeta> o)
    {
        _run = _run.After(Facts, new PlanStep.Repair(o, "1") { Drift = Drift.Marks }, new StepResult.Written(o), _now).Run;
        return Known.First(h => GrantObjects.SamePlace(h.Place, o));
    }
}
