using BreakGlass.Core.Api;
using BreakGlass.Operator.Execution;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Operator.Tests.Execution;

public class UnconfirmedStatusesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 3, 0, 0, TimeSpan.Zero);
    private static readonly BreakGlassGrant Before = new() { Metadata = new() { Name = "inc-4711", Uid = "1" } };
    private static readonly GrantStatus Opened =
        new() { Phase = GrantPhase.Active, Transitions = [new() { To = GrantPhase.Active, At = Now, Reason = "AccessGranted" }] };

    private readonly UnconfirmedStatuses _unconfirmed = new(TimeProvider.System);
    private int _told;

    [Fact]
    public void A_status_that_was_taken_is_told_of_once_even_if_a_second_attempt_at_it_loses_its_answer_too()
    {
        Add().Should().BeTrue();
        _unconfirmed.Look(Before with { Status = Opened });
        Add().Should().BeTrue();
        _unconfirmed.Look(Before with { Status = Opened });
        _told.Should().Be(1);
    }

    [Fact]
    public void A_status_in_whose_place_another_was_written_is_not_told_of()
    {
        Add();
        _unconfirmed.Look(Before with { Status = Opened with { Transitions = [Opened.Transitions[0] with { To = GrantPhase.Denied }] } });
        _unconfirmed.Look(Before with { Status = Opened });
        _told.Should().Be(0);
    }

    [Fact]
    public void A_status_that_adds_nothing_to_the_record_is_not_remembered() =>
        _unconfirmed.Add(Before with { Status = Opened }, Opened, () => _told++).Should().BeFalse();

    private bool Add() => _unconfirmed.Add(Before, Opened, () => _told++);
}
