using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Sessions;
using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Outbound;
using BreakGlass.Operator.Sessions;
using BreakGlass.Operator.Tests.Journal;
using FluentAssertions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Sessions;

/// <summary>A replica hands over each event once, keeps them while the storage is away, and says how many it had no room for.</summary>
public sealed class SessionTranscriptTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly FaultyStorage _storage = new();
    private readonly LogBook _logs = new();
    private readonly Dictionary<string, int> _counted = [];
    private int _backlog;

    /// <inheritdoc/>
    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task Events_become_numbered_entries_of_their_grants_in_signed_files()
    {
        var transcript = Transcript();
        for (var i = 0; i < 3000; i++) transcript.Add(Event(i), new(Grant(i % 3 == 0 ? "x" : "y"), ByName: false));
        await transcript.FlushAsync(default);
        transcript.Add(Event(3000), new(Grant("x"), ByName: true));
        await transcript.FlushAsync(default);
        await transcript.FlushAsync(default);

        var entries = Entries();
        entries.SelectMany(e => e.Data.Events!).Select(e => e.AuditId).Should().HaveCount(3001).And.OnlyHaveUniqueItems();
        entries.Select(e => e.Id).Should().OnlyHaveUniqueItems();
        entries.Should().OnlyContain(e => e.Bytes().Length <= EntryBundle.LargestEntry && e.Type == EntryTypes.SessionEvents);
        var ofX = entries.Where(e => e.IsOf("grant-x")).ToList();
        ofX.Select(e => e.Id).Should().Equal(Enumerable.Range(0, ofX.Count).Select(n => $"x/events/replica/{n}"));
        ofX.SelectMany(e => e.Data.Events!).Should().HaveCount(1001).And.BeInAscendingOrder(e => e.ReceivedAt);
        ofX[^1].Data.Events.Should().ContainSingle().Which.Should().Be(new SessionEvent
        {
            AuditId = "3000", Stage = "ResponseComplete", ReceivedAt = A.Start.AddMicroseconds(3000), At = A.Start.AddMicroseconds(3000), Verb = "create",
            Resource = "pods", Subresource = "exec", Namespace = "payments", Name = "web", Code = 101, SourceIp = "192.0.2.1", UserAgent = "kubectl",
            Command = "id -u", ByName = true,
        });
        (_backlog, _counted[DeliveryResults.Delivered]).Should().Be((0, 3001));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_storage_that_fails_at_any_operation_loses_and_doubles_nothing(bool late)
    {
        var hasFailed = true;
        for (var stop = 0; hasFailed; stop++)
        {
            _storage.Files.Clear();
            var writer = new FaultyStorage.Writer(_storage) { FailsAfter = stop, FailsLate = late };
            var transcript = Transcript(writer);
            for (var i = 0; i < 8_000; i++) transcript.Add(Event(i), new(Grant($"g{i % 40}"), ByName: false));
            await transcript.FlushAsync(default);
            hasFailed = writer.FailsAfter < 0;
            (_backlog > 0).Should().Be(hasFailed);
            if (hasFailed) transcript.Add(Event(8_000), new(Grant("g0"), ByName: false));
            writer.FailsAfter = int.MaxValue;
            await transcript.FlushAsync(default);

            Entries().SelectMany(e => e.Data.Events!).Select(e => e.AuditId).Should()
                .HaveCount(hasFailed ? 8_001 : 8_000, $"failed at operation {stop}").And.OnlyHaveUniqueItems();
            _backlog.Should().Be(0);
        }
    }

    [Fact]
    public async Task What_finds_no_room_is_counted_and_the_journal_says_how_many()
    {
        var writer = new FaultyStorage.Writer(_storage) { FailsAfter = 0 };
        var transcript = Transcript(writer);
        var (grant, other, added) = (Grant("x"), Grant("y"), 0);
        for (; !_counted.ContainsKey(DeliveryResults.Dropped); added++) transcript.Add(Event(added), new(grant, ByName: false));
        await transcript.FlushAsync(default);
        for (var i = 0; i < 100; i++) transcript.Add(Event(added + i), new(other, ByName: false));
        await transcript.FlushAsync(default);
        added.Should().BeInRange(10_000, 40_000);
        _counted[DeliveryResults.Failed].Should().Be(2);

        writer.FailsAfter = int.MaxValue;
        await transcript.FlushAsync(default);
        var entries = Entries();
        var kept = entries.Sum(e => e.Data.Events!.Count);
        var dropped = entries.Sum(e => e.Data.Dropped ?? 0);
        (kept + dropped).Should().Be(added + 100);
        _counted[DeliveryResults.Dropped].Should().Be((int)dropped).And.BePositive();
        _logs.Lines.Count(l => l.Contains("dropping events of sessions", StringComparison.Ordinal)).Should().BeInRange(1, 2, "a flood of them is not logged");
    }

    [Fact]
    public async Task What_is_handed_over_says_from_where_on_the_journal_can_have_it()
    {
        var log = new JournalLog(new FaultyStorage.Writer(_storage), Key);
        await log.OpenAsync(default);
        await log.AppendAsync([new byte[] { 1 }, new byte[] { 2 }], default);
        var transcript = Transcript();
        transcript.Add(Event(1), new(Grant("x"), ByName: false));
        await transcript.FlushAsync(default);
        Files().Should().ContainSingle().Which.Size.Should().Be(2);
    }

    [Fact]
    public async Task A_checkpoint_of_another_key_is_an_error_and_nothing_is_lost()
    {
        _storage.Files[Checkpoint.Path] = Checkpoint.Sign(0, TreeHash.Empty, SigningKey.Of("breakglass.example.com/test", new byte[32]));
        var transcript = Transcript();
        transcript.Add(Event(1), new(Grant("x"), ByName: false));
        await transcript.FlushAsync(default);
        _backlog.Should().Be(1);
        _logs.Lines.Should().ContainSingle().Which.Should().Contain("the journal's checkpoint cannot be used");
        _storage.Files.Remove(Checkpoint.Path);
        await transcript.FlushAsync(default);
        Entries().Should().ContainSingle();
    }

    [Fact]
    public async Task The_events_of_a_grant_that_is_gone_are_handed_over_and_nothing_of_it_is_kept()
    {
        var transcript = Transcript();
        transcript.Add(Event(1), new(Grant("x"), ByName: false));
        transcript.Forget("x");
        await transcript.FlushAsync(default);
        Entries().Select(e => e.Id).Should().Equal("x/events/replica/0");
    }

    private static BreakGlassGrant Grant(string uid) => new()
    {
        Metadata = new() { Name = $"grant-{uid}", Uid = uid }, Spec = new() { Policy = "payments", Requester = new() { Username = "alice" } },
    };

    private static AuditEvent Event(int number) => new()
    {
        AuditId = number.ToString(CultureInfo.InvariantCulture), Stage = "ResponseComplete", Verb = "create", Username = "someone", Resource = "pods",
        Subresource = "exec", Name = "web", Namespace = "payments", Code = 101, ReceivedAt = A.Start.AddMicroseconds(number),
        At = A.Start.AddMicroseconds(number), SourceIps = ["203.0.113.9", "192.0.2.1"], UserAgent = "kubectl",
        RequestUri = "/api/v1/namespaces/payments/pods/web/exec?command=id&command=-u",
    };

    private SessionTranscript Transcript(FaultyStorage.Writer? writer = null) => new(writer ?? new(_storage), Key, "replica", waiting => _backlog = waiting,
        (result, count) => _counted[result] = _counted.GetValueOrDefault(result) + count, new FakeClock(A.Start), _logs.CreateLogger("Sessions"));

    private IEnumerable<SpoolFile> Files() => _storage.Files.Where(f => f.Key.StartsWith("spool/", StringComparison.Ordinal))
        .OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => SpoolFile.Read(f.Key, f.Value, Key.Verifier)!);

    private List<JournalEntry> Entries() => [.. Files().SelectMany(f => f.Entries)];
}
