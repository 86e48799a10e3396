using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

public sealed class RequestLedgerTests
{
    private readonly RequestLedger _ledger = new(capacity: 100);

    [Fact]
    public void A_request_counts_once_however_often_it_is_sent()
    {
        var happened = Audit.Event();
        Take(happened).Should().Be(RequestStep.Done);
        Take(happened).Should().Be(RequestStep.Known);
        Take(happened with { Stage = "Panic" }).Should().Be(RequestStep.Known);
        Take(Audit.Event() with { Stage = "RequestReceived" }).Should().Be(RequestStep.Known);
    }

    [Fact]
    public void A_client_that_chooses_one_audit_ID_for_all_its_requests_hides_none()
    {
        var happened = Audit.Event();
        Take(happened).Should().Be(RequestStep.Done);
        Take(happened with { ReceivedAt = happened.ReceivedAt.AddMicroseconds(1) }).Should().Be(RequestStep.Done);
        Take(happened with { RequestUri = "/api/v1/namespaces/payments/secrets" }).Should().Be(RequestStep.Done);
    }

    [Fact]
    public void A_stream_is_open_from_its_first_event_to_its_last_in_any_order()
    {
        var stream = Audit.Event("watch", name: "") with { Stage = "ResponseStarted" };
        Take(stream).Should().Be(RequestStep.Opened);
        Take(stream).Should().Be(RequestStep.Known);
        _ledger.Open.Should().ContainSingle().Which.Note.Should().Be("open watch configmaps payments/(no name) (since 2026-11-22T01:03:03.000Z)");
        Take(stream with { Stage = "ResponseComplete", At = stream.At.AddHours(1) }).Should().Be(RequestStep.Closed);
        _ledger.Open.Should().BeEmpty();

        var late = Audit.Event("watch");
        Take(late).Should().Be(RequestStep.Done);
        Take(late with { Stage = "ResponseStarted" }).Should().Be(RequestStep.Known, "it has ended");
        _ledger.Open.Should().BeEmpty();
    }

    [Fact]
    public void A_stream_is_remembered_however_many_requests_come_after_it()
    {
        var stream = Audit.Event("watch") with { Stage = "ResponseStarted" };
        Take(stream);
        for (var i = 0; i < 1000; i++) Take(Audit.Event(at: i));
        Take(stream with { Stage = "ResponseComplete" }).Should().Be(RequestStep.Closed);
    }

    [Fact]
    public void Streams_that_were_reported_are_not_reported_again_and_their_end_counts_nothing()
    {
        var stream = Audit.Event("watch") with { Stage = "ResponseStarted" };
        Take(stream);
        _ledger.Forget(Audit.Grant.Metadata.Uid!);
        _ledger.Open.Should().BeEmpty();
        Take(stream with { Stage = "ResponseComplete" }).Should().Be(RequestStep.Known);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_request_through_the_gateway_counts_once_whoever_reports_it_first(bool gatewayFirst)
    {
        var mine = Audit.Event() with { IsReport = true };
        var theirs = mine with { IsReport = false, ReceivedAt = mine.ReceivedAt.AddMilliseconds(3), RequestUri = "/other", Verb = "list" };
        Through(gatewayFirst ? mine : theirs).Should().Be(RequestStep.Done);
        Through(gatewayFirst ? theirs : mine).Should().Be(RequestStep.Known);
        RequestLedger.IdOf(mine, s_through).Should().Be(RequestLedger.IdOf(theirs, s_through), "replicas know it again, too");
        Through(theirs with { AuditId = "direct" }).Should().Be(RequestStep.Done, "the gateway knows nothing of it");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stream_through_the_gateway_is_open_once_and_known_to_be_closed_by_it(bool gatewayFirst)
    {
        var mine = Audit.Event("watch") with { IsReport = true, Stage = "ResponseStarted" };
        var theirs = mine with { IsReport = false, ReceivedAt = mine.ReceivedAt.AddMilliseconds(3) };
        Through(gatewayFirst ? mine : theirs).Should().Be(RequestStep.Opened);
        Through(gatewayFirst ? theirs : mine).Should().Be(RequestStep.Known);
        _ledger.Open.Should().ContainSingle().Which.IsByGateway.Should().BeTrue();
        Through(theirs with { Stage = "ResponseComplete" }).Should().Be(RequestStep.Closed);
        Through(mine with { Stage = "ResponseComplete", HasBegun = true }).Should().Be(RequestStep.Known);
    }

    [Fact]
    public void The_end_of_a_stream_that_began_at_another_replica_counts_no_request()
    {
        var end = Audit.Event("watch") with { IsReport = true, HasBegun = true };
        Through(end).Should().Be(RequestStep.ClosedElsewhere);
        Through(end).Should().Be(RequestStep.Known);
    }

    private static readonly Core.Api.BreakGlassGrant s_through =
        Audit.Grant with { Status = Audit.Grant.Status with { Path = Core.Api.SessionPath.Gateway } };

    private RequestStep Through(AuditEvent happened) => _ledger.Take(happened, s_through);

    private RequestStep Take(AuditEvent happened) => _ledger.Take(happened, Audit.Grant);
}
