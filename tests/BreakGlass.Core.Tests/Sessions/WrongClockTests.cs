using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>Audit events of an API server whose clock is wrong.</summary>
public sealed class WrongClockTests
{
    private static readonly DateTimeOffset Now = A.Start.AddMinutes(20);

    [Fact]
    public void Nothing_happened_after_it_arrived()
    {
        var early = Event(received: -70, at: -10);
        early.ArrivedAt(Now).Should().BeSameAs(early, "it says a time that is possible");
        Event(received: 3600 - 20, at: 3600).ArrivedAt(Now).Should().Match<AuditEvent>(
            e => e.At == Now && e.ReceivedAt == Now.AddSeconds(-20) && e.IsEstimated, "the request took 20 seconds by any clock");
        Event(received: 1, at: 2).ArrivedAt(Now).Should().Match<AuditEvent>(e => e.At == Now && e.ReceivedAt == Now.AddSeconds(-1) && !e.IsEstimated);
        (Event(received: 0, at: 0) with { At = Now.AddMinutes(-1), ReceivedAt = DateTimeOffset.MaxValue }).ArrivedAt(Now).Should().Match<AuditEvent>(
            e => e.At == Now.AddMinutes(-1) && e.ReceivedAt == Now && e.IsEstimated);
        (Event(received: 0, at: 0) with { At = DateTimeOffset.MaxValue, ReceivedAt = A.Start.AddYears(-2000) }).ArrivedAt(Now).At.Should().Be(Now);
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(59, false)]
    [InlineData(61, true)]
    public void A_clock_that_is_ahead_makes_no_request_one_after_the_end_unless_it_arrives_a_minute_later(int arrives, bool isAccess)
    {
        var grant = A.FinishedGrant(GrantPhase.Expired);
        var ended = grant.Status.EndedAt!.Value;
        var happened = Audit.Event() with { ReceivedAt = ended.AddHours(1), At = ended.AddHours(1) };
        AfterEnd.IsAccess(happened.ArrivedAt(ended.AddSeconds(arrives)), new(grant, ByName: false)).Should().Be(isAccess);
    }

    [Fact]
    public void An_event_of_the_future_does_not_show_that_all_events_until_now_have_arrived()
    {
        AuditArrival.Believed(Now.AddSeconds(-1), Now).Should().Be(Now.AddSeconds(-1));
        AuditArrival.Believed(Now.AddSeconds(2), Now).Should().Be(Now);
        AuditArrival.Believed(DateTimeOffset.MaxValue, Now).Should().Be(Now.AddMinutes(-1), "an event of before that can still wait in a batch");
        new AuditArrival(A.Start, AuditArrival.Believed(DateTimeOffset.MaxValue, Now)).Arrives(Now).Should().BeTrue();
        new AuditArrival(A.Start, AuditArrival.Believed(DateTimeOffset.MaxValue, Now)).Arrives(Now.AddMinutes(2)).Should().BeFalse("it was the last one");
    }

    private static AuditEvent Event(double received, double at) =>
        Audit.Event() with { ReceivedAt = Now.AddSeconds(received), At = Now.AddSeconds(at) };
}
