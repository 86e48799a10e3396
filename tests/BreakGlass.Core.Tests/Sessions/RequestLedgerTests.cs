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

    private RequestStep Take(AuditEvent happened) => _ledger.Take(happened, Audit.Grant);
}
