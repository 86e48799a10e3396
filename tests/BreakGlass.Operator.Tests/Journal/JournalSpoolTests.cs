using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>What replicas hand over to the leader is in the journal once, wherever a leader stops, and whatever else is written into the storage.</summary>
public sealed class JournalSpoolTests : IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly FaultyStorage _storage = new();
    private readonly List<BreakGlassGrant> _grants = [];
    private readonly LogBook _logs = new();
    private int? _backlog;
    private int _appended;
    private int _failed;

    private IReadOnlyList<string> Ids => [.. Entries().Where(e => e.Type == EntryTypes.SessionEvents).Select(e => e.Id)];

    private IEnumerable<string> Spool => _storage.Files.Keys.Where(k => k.StartsWith("spool/", StringComparison.Ordinal));

    /// <inheritdoc/>
    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task What_replicas_hand_over_is_appended_in_the_order_of_each_and_then_deleted()
    {
        _grants.Add(Grant("old"));
        Put("a", 0, Entry("x", "a", 0), Entry("y", "a", 0));
        Put("a", 1, Entry("x", "a", 1));
        Put("b", 0, Entry("x", "b", 0));
        await Sequencer().RoundAsync(default);

        Ids.Should().Equal("x/events/a/0", "y/events/a/0", "x/events/a/1", "x/events/b/0");
        Spool.Should().BeEmpty();
        (_backlog, _appended, _failed).Should().Be((0, 5, 0));
        JournalCheck.RunFor(_storage.Reader, Key.Verifier, "grant-x").Problems.Should().BeEmpty();
        Verify();
    }

    [Fact]
    public async Task More_than_fits_into_one_turn_comes_with_the_next_rounds()
    {
        var clock = new FakeClock(A.Start);
        for (var i = 0; i < 10; i++) Put("a", i, [.. Enumerable.Range(i * 10, 10).Select(n => Entry("x", "a", n))]);
        var sequencer = Sequencer(clock: clock);
        await sequencer.RoundAsync(default);
        (Ids.Count, _backlog).Should().Be((70, 3));
        await sequencer.RoundAsync(default);
        (Ids.Count, _backlog).Should().Be((100, 0));

        Put("a", 10, Entry("x", "a", 100));
        await sequencer.RoundAsync(default);
        Ids.Should().HaveCount(100, "the folder is listed every few seconds");
        clock.Advance(JournalSpool.Period);
        await sequencer.RoundAsync(default);
        Ids.Should().HaveCount(101).And.OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Leaders_that_stop_at_any_operation_lose_double_and_fork_nothing(bool late)
    {
        var wasStopped = true;
        for (var stop = 0; wasStopped; stop++)
        {
            _storage.Files.Clear();
            _grants.Clear();
            _grants.AddRange(Enumerable.Range(0, 250).Select(i => Grant($"old{i}")));
            await Sequencer().RoundAsync(default);
            Put("a", 0, Entry("x", "a", 0), Entry("y", "a", 0));
            Put("a", 1, Entry("x", "a", 1));
            Put("b", 0, [.. Enumerable.Range(0, 10).Select(i => Entry("z", "b", i))]);

            var first = new FaultyStorage.Writer(_storage) { FailsAfter = stop, FailsLate = late };
            wasStopped = !await RoundAsync(first) || first.FailsAfter < 0;

            // The second leader appends so much that the newest bundle says nothing of what the first one appended, and stops before it deletes.
            _grants.AddRange(Enumerable.Range(0, 600).Select(i => Grant($"new{i}")));
            await RoundAsync(new(_storage) { Before = what => what.StartsWith("delete spool/", StringComparison.Ordinal) ? Fail() : Task.CompletedTask });

            await Sequencer().RoundAsync(default);
            Ids.Should().HaveCount(13, $"stopped at operation {stop}").And.OnlyHaveUniqueItems();
            Spool.Should().BeEmpty($"stopped at operation {stop}");
            Verify();
        }
    }

    [Fact]
    public async Task Two_leaders_at_once_append_each_entry_once_whatever_the_order_of_their_operations()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            _storage.Files.Clear();
            var turns = new Turns(new(seed));
            for (var i = 0; i < 6; i++) Put("a", i, Entry("x", "a", i), Entry("y", "a", i));
            List<BreakGlassGrant>[] caches = [[], []];
            await Task.WhenAll(caches.Select(async (cache, number) =>
            {
                await Task.Yield();
                var clock = new FakeClock(A.Start);
                var sequencer = Sequencer(new(_storage) { Before = _ => turns.WaitAsync(number) }, clock, cache);
                try
                {
                    for (var round = 0; round < 3; round++)
                    {
                        cache.Add(Grant($"w{number}{round}"));
                        await sequencer.RoundAsync(default);
                        clock.Advance(JournalSpool.Period);
                    }
                }
                finally
                {
                    turns.Leave(number);
                }
            }));
            await Sequencer().RoundAsync(default);
            Ids.Should().HaveCount(12, $"seed {seed}").And.OnlyHaveUniqueItems();
            Spool.Should().BeEmpty($"seed {seed}");
            Verify();
        }
    }

    [Fact]
    public async Task A_file_that_comes_back_adds_nothing()
    {
        var path = Put("a", 0, Entry("x", "a", 0));
        var file = _storage.Files[path];
        var clock = new FakeClock(A.Start);
        var sequencer = Sequencer(clock: clock);
        await sequencer.RoundAsync(default);
        _storage.Files[path] = file;
        clock.Advance(JournalSpool.Period);
        await sequencer.RoundAsync(default);
        Ids.Should().Equal("x/events/a/0");

        // For a later leader, the entry is far behind what it reads at its start.
        _grants.AddRange(Enumerable.Range(0, 900).Select(i => Grant($"g{i}")));
        await Sequencer().RoundAsync(default);
        _storage.Files[path] = file;
        await Sequencer().RoundAsync(default);
        Ids.Should().Equal("x/events/a/0");
        Spool.Should().BeEmpty();
    }

    [Fact]
    public async Task A_leader_that_has_read_only_the_end_of_the_journal_reads_on_as_far_back_as_a_file_can_be_in_it()
    {
        var path = Put("a", 0, Entry("x", "a", 0));
        var file = _storage.Files[path];
        await Sequencer().RoundAsync(default);
        _grants.AddRange(Enumerable.Range(0, 900).Select(i => Grant($"g{i}")));
        await Sequencer().RoundAsync(default);
        _storage.Files[path] = file;
        Put("a", 1, Entry("x", "a", 1));

        var reads = new List<string>();
        var storage = new FaultyStorage.Writer(_storage)
        {
            Before = what =>
            {
                if (what.StartsWith("read tile/entries", StringComparison.Ordinal)) reads.Add(what);
                return Task.CompletedTask;
            },
        };
        var writer = new JournalWriter(new(storage, Key));
        var spool = new JournalSpool(storage, Key.Verifier, _ => { }, TimeProvider.System, NullLogger.Instance);
        writer.Covered += entries =>
        {
            foreach (var entry in entries) spool.Take(entry);
        };
        await writer.CatchUpAsync(() => long.MaxValue, default);
        reads.Should().NotContain("read tile/entries/000");
        (await spool.EmptyAsync(writer, default)).Should().Be(1);

        Ids.Should().Equal("x/events/a/0", "x/events/a/1");
        Spool.Should().BeEmpty();
        reads.Should().Contain("read tile/entries/000");
    }

    [Fact]
    public async Task What_the_operator_did_not_sign_is_not_appended_is_reported_once_and_holds_up_nothing()
    {
        var good = _storage.Files[Put("b", 0, Entry("x", "b", 0))];
        _storage.Files["spool/a.0000000000"] = good;
        _storage.Files["spool/a.0000000001"] = [.. good[..^1], (byte)(good[^1] ^ 1)];
        _storage.Files["spool/a.0000000002"] = [];
        var other = SigningKey.Of("breakglass.example.com/test", new byte[32]);
        _storage.Files["spool/a.0000000003"] = SpoolFile.Write("spool/a.0000000003", 0, [Entry("x", "a", 3)], other);
        _storage.Files["spool/a.0000000004"] = SpoolFile.Write(
            "spool/a.0000000004", 0, [Entry("x", "a", 4) with { Type = EntryTypes.Approved }], Key);
        var clock = new FakeClock(A.Start);
        var sequencer = Sequencer(clock: clock);
        for (var i = 0; i < 3; i++)
        {
            await sequencer.RoundAsync(default);
            clock.Advance(JournalSpool.Period);
        }

        Ids.Should().Equal("x/events/b/0");
        (Spool.Count(), _backlog).Should().Be((5, 5));
        _logs.Lines.Should().HaveCount(5).And.OnlyContain(l => l.Contains("not a file that the operator signed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("list spool")]
    [InlineData("read spool/")]
    [InlineData("delete spool/")]
    public async Task A_spool_that_cannot_be_used_holds_up_no_other_entry(string operation)
    {
        _grants.Add(Grant("a"));
        Put("a", 0, Entry("x", "a", 0));
        (await RoundAsync(new(_storage) { Before = what => what.StartsWith(operation, StringComparison.Ordinal) ? Fail() : Task.CompletedTask }))
            .Should().BeTrue();

        Entries().Select(e => e.Id).Should().Contain("a/0");
        _failed.Should().Be(1);
        _logs.Lines.Should().ContainSingle().Which.Should().Contain("failed to append the events of sessions");
        await Sequencer().RoundAsync(default);
        Ids.Should().Equal("x/events/a/0");
    }

    [Fact]
    public async Task Files_that_cannot_be_deleted_are_appended_once_and_not_all_of_them_are_read_again()
    {
        var reads = 0;
        var clock = new FakeClock(A.Start);
        for (var i = 0; i < 200; i++) Put("a", i, Entry("x", "a", i));
        var sequencer = Sequencer(new(_storage)
        {
            Before = what =>
            {
                if (what.StartsWith("read spool/", StringComparison.Ordinal)) reads++;
                return what.StartsWith("delete spool/", StringComparison.Ordinal) ? Fail() : Task.CompletedTask;
            },
        }, clock);
        for (var i = 0; i < 5; i++)
        {
            await sequencer.RoundAsync(default);
            clock.Advance(JournalSpool.Period);
        }

        Ids.Should().HaveCount(64).And.OnlyHaveUniqueItems();
        (reads, _failed, _backlog).Should().Be((5 * 64, 5, 200));
    }

    [Fact]
    public async Task The_events_of_a_grant_that_is_gone_are_appended_too()
    {
        _grants.Add(Grant("x"));
        await Sequencer().RoundAsync(default);
        _grants.Clear();
        await Sequencer(source: new() { HasSynced = true }).RoundAsync(default);
        Entries().Select(e => e.Id).Should().Equal("x/0", "x/deleted");
        Put("a", 0, Entry("x", "a", 0));
        await Sequencer(source: new() { HasSynced = true }).RoundAsync(default);
        Entries().Select(e => e.Id).Should().Equal("x/0", "x/deleted", "x/events/a/0");
        JournalCheck.RunFor(_storage.Reader, Key.Verifier, "grant-x").Problems.Should().BeEmpty();
    }

    private static Task Fail() => Task.FromException(new IOException("the storage is gone"));

    private static BreakGlassGrant Grant(string uid) => new()
    {
        Metadata = new() { Name = $"grant-{uid}", Uid = uid, CreationTimestamp = A.Start.UtcDateTime, ResourceVersion = "1" },
        Spec = new() { Policy = "payments", Requester = new() { Username = "alice" } },
        Status = new() { Phase = GrantPhase.Pending, Transitions = [new() { At = A.Start, To = GrantPhase.Pending, Actor = "alice", Reason = "Requested" }] },
    };

    private static JournalEntry Entry(string uid, string observer, long number) => SessionEntries.Of(Grant(uid), observer, number,
    [
        new() { AuditId = $"{uid}-{observer}-{number}", Stage = "ResponseComplete", ReceivedAt = A.Start, At = A.Start, Verb = "get", Resource = "pods" },
    ], 0, A.Start);

    /// <summary>A file as a replica writes it now.</summary>
    private string Put(string observer, long number, params JournalEntry[] entries)
    {
        var path = SpoolFile.PathOf(observer, number);
        var size = _storage.Files.TryGetValue(Checkpoint.Path, out var note) ? Checkpoint.Open(note, Key.Verifier, out _)!.Size : 0;
        _storage.Files[path] = SpoolFile.Write(path, size, entries, Key);
        return path;
    }

    /// <summary>One round of one leader; false if it failed.</summary>
    private async Task<bool> RoundAsync(FaultyStorage.Writer writer)
    {
        try
        {
            await Sequencer(writer).RoundAsync(default);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private JournalSequencer Sequencer(
        FaultyStorage.Writer? writer = null, TimeProvider? clock = null, List<BreakGlassGrant>? cache = null, MemorySource? source = null)
    {
        var (storage, time) = (writer ?? new(_storage), clock ?? TimeProvider.System);
        return new(new JournalWriter(new(storage, Key)), new(source ?? new MemorySource { HasSynced = false }, time), () => cache ?? _grants,
            (_, _) => Task.FromResult<BreakGlassGrant?>(null), _ => { }, (count, isWritten) =>
            {
                if (isWritten) _appended += count;
                else _failed += count;
            }, time, cache is null ? _logs.CreateLogger("Journal") : NullLogger.Instance)
        {
            Spool = new(storage, Key.Verifier, waiting => _backlog = waiting, time, cache is null ? _logs.CreateLogger("Journal") : NullLogger.Instance),
        };
    }

    private IEnumerable<JournalEntry> Entries()
    {
        var checkpoint = Checkpoint.Open(_storage.Files[Checkpoint.Path], Key.Verifier, out _)!;
        return JournalEntries.Read(_storage.Reader, checkpoint.Size).Select(e => JournalEntry.Read(e.Bytes)!);
    }

    private void Verify() => JournalCheck.Run(_storage.Reader, Key.Verifier).Problems.Should().BeEmpty();
}
