using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>The API conventions for conditions (sig-architecture, api-conventions, "Typical status properties").</summary>
public sealed class ConditionsTests
{
    private static readonly DateTimeOffset Later = A.Start.AddMinutes(5);
    private static readonly IReadOnlyList<Condition> One = Array.Empty<Condition>().With("Active", true, "AccessGiven", "It works.", 1, A.Start);

    [Fact]
    public void A_new_condition_turned_now() => One.Should().ContainSingle().Which.Should().Be(new Condition
    {
        Type = "Active", Status = "True", Reason = "AccessGiven", Message = "It works.", ObservedGeneration = 1, LastTransitionTime = A.Start,
    });

    [Fact]
    public void The_transition_time_stays_while_the_status_does()
    {
        var again = One.With("Active", true, "StillGiven", "It still works.", 2, Later).Should().ContainSingle().Subject;
        again.LastTransitionTime.Should().Be(A.Start);
        (again.Reason, again.Message, again.ObservedGeneration).Should().Be(("StillGiven", "It still works.", 2L));
    }

    [Theory]
    [InlineData(false, "False")]
    [InlineData(null, "Unknown")]
    public void The_transition_time_moves_when_the_status_does(bool? status, string text)
    {
        var turned = One.With("Active", status, "Expired", "Over.", 1, Later).Should().ContainSingle().Subject;
        (turned.Status, turned.LastTransitionTime).Should().Be((text, Later));
    }

    [Fact]
    public void Times_are_whole_seconds_as_the_API_has_them() =>
        One.With("Active", false, "x", "x", 1, Later.AddMilliseconds(987)).Single().LastTransitionTime.Should().Be(Later);

    [Fact]
    public void Others_stay_where_they_are_and_there_is_one_of_each_type()
    {
        var three = One.With("Revoked", false, "NotEnded", "x", 1, A.Start).With("Reviewed", false, "x", "x", 1, A.Start);
        three.With("Active", false, "Expired", "x", 1, Later).Select(c => c.Type).Should().Equal("Active", "Revoked", "Reviewed");
        three.Without("Revoked").Select(c => c.Type).Should().Equal("Active", "Reviewed");
        three.Without("Approved").Should().BeSameAs(three);
    }

    [Fact]
    public void Only_True_is_true()
    {
        Conditions.IsTrue(One, "Active").Should().BeTrue();
        Conditions.IsTrue(One.With("Active", null, "x", "x", 1, Later), "Active").Should().BeFalse();
        Conditions.IsTrue(One, "Revoked").Should().BeFalse();
        Conditions.Find(One, "Revoked").Should().BeNull();
    }
}
