using BreakGlass.Core.Api;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>Two replicas that get the same events count each request once, in whatever order they write.</summary>
public sealed class SharedRecordTests
{
    private static readonly Attributed Whose = new(Audit.Grant, ByName: false);

    private readonly SharedRecord _first = new("pod-a");
    private readonly SharedRecord _second = new("pod-b");
    private readonly Stored _stored = new();

    [Fact]
    public void A_batch_that_is_posted_to_two_replicas_is_counted_once()
    {
        var batch = Events(5);
        Count(_first, batch);
        Count(_second, batch);
        Count(_second, Events(2));

        _stored.Write("pod-a", _first).Should().BeFalse();
        _stored.Write("pod-b", _second).Should().BeTrue("the other replica was first, so its own part is to be written again");
        _stored.Write("pod-b", _second).Should().BeFalse();
        _stored.Write("pod-a", _first).Should().BeFalse("a replica that was first takes nothing back");
        _stored.Requests.Should().Be(7);
        _stored.Rows.Should().Be(7);
    }

    [Fact]
    public void What_was_written_before_and_what_came_meanwhile_stays()
    {
        Count(_second, Events(3));
        _stored.Write("pod-b", _second);
        var batch = Events(4);
        Count(_first, batch);
        _stored.Write("pod-a", _first);
        Count(_second, [.. batch, .. Events(1)]);
        var written = _second.Status(Audit.Grant, A.Start);
        Count(_second, Events(2));
        _second.Settle(_stored.Put("pod-b", written)).Should().BeTrue();
        _stored.Write("pod-b", _second).Should().BeFalse();
        _stored.Requests.Should().Be(10);
    }

    [Fact]
    public void The_time_of_the_last_use_stays_when_requests_are_taken_back()
    {
        var batch = Events(2);
        Count(_first, batch);
        Count(_second, batch);
        _second.Use(A.Start.AddHours(1));
        _stored.Write("pod-a", _first);
        _stored.Write("pod-b", _second).Should().BeTrue();
        _stored.Write("pod-b", _second);
        _second.Totals.Should().Match<SessionSummary>(t => t.Requests == 0 && t.LastActivityAt == A.Start.AddHours(1));
        _second.Use(A.Start);
        _second.Totals.LastActivityAt.Should().Be(A.Start.AddHours(1));
    }

    [Fact]
    public void A_stream_that_two_replicas_saw_begin_is_open_once()
    {
        var stream = Audit.Event("create", "pods", "web", 101) with { Stage = "ResponseStarted", Subresource = "exec" };
        _first.Count("stream", stream, RequestStep.Opened, Whose, A.Start);
        _second.Count("stream", stream, RequestStep.Opened, Whose, A.Start);
        _stored.Write("pod-a", _first);
        _stored.Write("pod-b", _second);
        _stored.Write("pod-b", _second);
        SessionTotals.Of(_stored.Session)!.OpenStreams.Should().Be(1);
        _first.Count("stream", stream with { Stage = "ResponseComplete" }, RequestStep.Closed, Whose, A.Start);
        _stored.Write("pod-a", _first);
        SessionTotals.Of(_stored.Session)!.OpenStreams.Should().Be(0);
    }

    [Fact]
    public void A_stream_that_is_open_stays_open_when_something_else_is_taken_back()
    {
        _second.Count("open", Audit.Event("get", "pods", "web") with { Stage = "ResponseStarted" }, RequestStep.Opened, Whose, A.Start);
        _stored.Write("pod-b", _second);
        var batch = Events(1);
        Count(_first, batch);
        _stored.Write("pod-a", _first);
        Count(_second, batch);
        _stored.Write("pod-b", _second).Should().BeTrue();
        _second.Totals.Should().BeEquivalentTo(new { Requests = 1, OpenStreams = 1 });
    }

    [Fact]
    public void A_write_whose_answer_did_not_come_loses_no_request()
    {
        var batch = Events(3);
        Count(_second, batch);
        _second.Status(Audit.Grant, A.Start);
        _second.SettleAll();
        Count(_first, batch);
        _stored.Write("pod-a", _first);
        _stored.Write("pod-b", _second).Should().BeFalse();
        _stored.Requests.Should().BeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public void A_flood_while_a_write_is_on_its_way_loses_no_request_when_something_is_taken_back_later()
    {
        Count(_second, Events(3));
        var written = _second.Status(Audit.Grant, A.Start);
        Count(_second, Events(SharedRecord.MostFresh + 1));
        _second.Settle(_stored.Put("pod-b", written)).Should().BeFalse();
        _stored.Write("pod-b", _second);

        var batch = Events(2);
        Count(_first, batch);
        _stored.Write("pod-a", _first);
        Count(_second, batch);
        _stored.Write("pod-b", _second).Should().BeTrue();
        _stored.Write("pod-b", _second);
        _stored.Requests.Should().Be(SharedRecord.MostFresh + 6);
    }

    [Fact]
    public void Ids_are_forgotten_after_some_minutes_and_never_more_than_200_are_written()
    {
        Count(_first, Events(250));
        _first.Status(Audit.Grant, A.Start).Parts[0].Recent.Should().HaveCount(SharedRecord.MostRecent).And.OnlyHaveUniqueItems()
            .And.OnlyContain(id => id.Length == 11);
        _first.Status(Audit.Grant, A.Start + SharedRecord.Remembered + TimeSpan.FromSeconds(1)).Parts[0].Recent.Should().BeEmpty();
        _first.Totals.Requests.Should().Be(250);
    }

    [Fact]
    public void What_this_replica_wrote_before_is_restored_once()
    {
        Count(_first, Events(2));
        _stored.Write("pod-a", _first);
        var again = new SharedRecord("pod-a");
        Count(again, Events(SharedRecord.MostFresh + 5));
        again.Restore(_stored.Session);
        again.Totals.Requests.Should().Be(SharedRecord.MostFresh + 7);
        _stored.Write("pod-a", again).Should().BeFalse();
        _stored.Requests.Should().Be(SharedRecord.MostFresh + 7);
    }

    /// <summary>A script: 0 to 3 post a batch of that number to a replica (the last digit says to which, or to both), the rest writes.</summary>
    [Fact]
    public void However_posts_and_writes_follow_each_other_every_request_is_counted_once() => Prop.ForAll(
        Gen.Choose(0, 5).ArrayOf(30).ToArbitrary(), script =>
        {
            var (replicas, stored, posted) = ((SharedRecord[])[new("pod-a"), new("pod-b")], new Stored(), 0);
            foreach (var step in script)
            {
                var batch = step < 4 ? Events(2) : [];
                posted += batch.Length;
                if (step is 0 or 2) Count(replicas[0], batch);
                if (step is 1 or 2 or 3) Count(replicas[1], batch);
                if (step == 3) Count(replicas[0], batch);
                if (step >= 4) stored.Write(step == 4 ? "pod-a" : "pod-b", replicas[step - 4]);
            }

            for (var i = 0; i < 3; i++)
            {
                stored.Write("pod-a", replicas[0]);
                stored.Write("pod-b", replicas[1]);
            }

            stored.Requests.Should().Be(posted);
            stored.Session.Actions.Sum(a => a.Count).Should().Be(posted);
        }).QuickCheckThrowOnFailure();

    private static AuditEvent[] Events(int count) => [.. Enumerable.Range(0, count).Select(_ => Audit.Event(name: Guid.NewGuid().ToString()))];

    private static void Count(SharedRecord record, IEnumerable<AuditEvent> events)
    {
        foreach (var happened in events) record.Count(RequestLedger.IdOf(happened, Whose.Grant), happened, RequestStep.Done, Whose, A.Start);
    }

    /// <summary>The object, with what each replica wrote last, as server-side apply merges it.</summary>
    private sealed class Stored
    {
        private readonly Dictionary<string, SessionStatus> _written = [];

        public SessionStatus Session => new()
        {
            Parts = [.. _written.Values.SelectMany(w => w.Parts)], Actions = [.. _written.Values.SelectMany(w => w.Actions)],
        };

        public long Requests => SessionTotals.Of(Session)!.Requests;

        public int Rows => Session.Actions.Count;

        public bool Write(string observer, SharedRecord record) => record.Settle(Put(observer, record.Status(Audit.Grant, A.Start)));

        public SessionStatus Put(string observer, SessionStatus status)
        {
            _written[observer] = status;
            return Session;
        }
    }
}
