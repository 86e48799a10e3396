using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>
/// The journal has each transition once and in order, and never forks: whatever write a writer stops at, and however many write at the same time.
/// </summary>
public sealed class JournalSequencerTests
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly FaultyStorage _storage = new();
    private readonly List<BreakGlassGrant> _grants = [];
    private readonly Dictionary<bool, int> _counted = [];
    private int _backlog;
    private int _reads;

    private IReadOnlyList<string> Ids => [.. Entries().Select(e => e.Id)];

    [Fact]
    public async Task Each_transition_is_appended_once_and_in_order()
    {
        var sequencer = Sequencer();
        _grants.Add(Grant("a", 2));
        await sequencer.RoundAsync(default);
        _grants[0] = Grant("a", 3);
        _grants.Add(Grant("b", 1));
        await sequencer.RoundAsync(default);
        await sequencer.RoundAsync(default);

        Ids.Should().Equal("a/0", "a/1", "b/0", "a/2");
        _backlog.Should().Be(0);
        Verify();
    }

    [Fact]
    public async Task The_next_leader_goes_on_where_the_last_one_stopped()
    {
        _grants.AddRange(Enumerable.Range(0, 400).Select(i => Grant($"g{i}", 2)));
        await Sequencer().RoundAsync(default);
        _grants.Add(Grant("new", 1));
        await Sequencer().RoundAsync(default);

        Ids.Should().HaveCount(801).And.OnlyHaveUniqueItems();
        Ids[^1].Should().Be("new/0");
        _storage.Files.Keys.Where(k => k.Contains("000.p/", StringComparison.Ordinal) && !k.StartsWith("tile/1/", StringComparison.Ordinal))
            .Should().BeEmpty("what a full bundle replaced is deleted");
        Verify();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_that_stops_at_any_operation_loses_doubles_and_forks_nothing(bool late)
    {
        var wasStopped = true;
        for (var stop = 0; wasStopped; stop++)
        {
            _storage.Files.Clear();
            _grants.Clear();
            _grants.AddRange(Enumerable.Range(0, 250).Select(i => Grant($"old{i}", 1)));
            await Sequencer().RoundAsync(default);
            _grants.AddRange(Enumerable.Range(0, 20).Select(i => Grant($"new{i}", 1)));

            wasStopped = false;
            try
            {
                await Sequencer(new(_storage) { FailsAfter = stop, FailsLate = late }).RoundAsync(default);
            }
            catch (IOException)
            {
                wasStopped = true;
            }

            // The next leader has seen more in the meantime.
            _grants.Add(Grant("later", 1));
            await Sequencer().RoundAsync(default);
            Ids.Should().HaveCount(271, $"stopped at operation {stop}").And.OnlyHaveUniqueItems();
            Verify();
        }
    }

    [Fact]
    public async Task A_writer_goes_on_after_the_storage_was_away()
    {
        var writer = new FaultyStorage.Writer(_storage);
        var sequencer = Sequencer(writer);
        for (var i = 0; i < 40; i++)
        {
            _grants.Add(Grant($"g{i}", 2));
            writer.FailsAfter = i;
            try
            {
                await sequencer.RoundAsync(default);
            }
            catch (IOException)
            {
                // The next round begins with what this one left.
            }
        }

        writer.FailsAfter = int.MaxValue;
        await sequencer.RoundAsync(default);
        Ids.Should().HaveCount(80).And.OnlyHaveUniqueItems();
        Verify();
    }

    [Fact]
    public async Task Two_writers_at_once_never_fork_the_journal_whatever_the_order_of_their_operations()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            _storage.Files.Clear();
            _storage.Checkpoints.Clear();
            _grants.Clear();
            var random = new Random(seed);
            _grants.AddRange(Enumerable.Range(0, random.Next(0, 300)).Select(i => Grant($"old{i}", 1)));
            await Sequencer().RoundAsync(default);

            // One operation at a time, of a writer that the seed chooses; each writer's cache has other grants first.
            var turns = new Turns(random);
            List<BreakGlassGrant>[] caches = [[.. _grants], [.. _grants]];
            await Task.WhenAll(caches.Select((cache, number) => WriteAsync(cache, number, turns)));

            _grants.AddRange(caches.SelectMany(c => c).DistinctBy(g => g.Metadata.Uid).Except(_grants).ToList());
            await Sequencer().RoundAsync(default);
            var ids = Ids;
            ids.Should().OnlyHaveUniqueItems($"seed {seed}");
            foreach (var uid in caches.SelectMany(c => c).Select(g => g.Metadata.Uid!).Distinct()) ids.Should().Contain($"{uid}/0", $"seed {seed}");
            Verify();
            foreach (var checkpoint in _storage.Checkpoints)
                JournalCheck.Run(_storage.Reader, Key.Verifier, checkpoint).Problems.Should().BeEmpty($"every checkpoint is of this journal, seed {seed}");
        }
    }

    [Fact]
    public async Task A_finished_grant_of_which_the_cache_has_a_part_is_read_once()
    {
        var whole = Grant("a", 3);
        _grants.Add(CacheTransforms.Grant(whole with { Status = whole.Status with { EndedAt = A.Start } }));
        _grants[0].Status.Transitions.Count.Should().BeLessThan(3);
        var sequencer = Sequencer(read: _ => whole);
        for (var i = 0; i < 3; i++) await sequencer.RoundAsync(default);
        await Sequencer(read: _ => whole).RoundAsync(default);

        Ids.Should().Equal("a/0", "a/1", "a/2");
        _reads.Should().Be(1);
    }

    [Fact]
    public async Task A_status_that_somebody_shortened_is_not_read_again_and_again()
    {
        _grants.Add(Grant("a", 3));
        var sequencer = Sequencer();
        await sequencer.RoundAsync(default);
        var one = Grant("a", 1);
        _grants[0] = one with { Status = one.Status with { Transitions = [one.Status.Transitions[0] with { Reason = "Forged", To = GrantPhase.Failed }] } };
        for (var i = 0; i < 3; i++) await sequencer.RoundAsync(default);

        Ids.Should().Equal("a/0", "a/1", "a/2");
        _backlog.Should().Be(0);
    }

    [Fact]
    public async Task A_forged_text_of_any_length_holds_up_no_other_entry()
    {
        var forged = Grant("a", 1);
        _grants.Add(forged with { Status = forged.Status with { Transitions = [forged.Status.Transitions[0] with { Actor = new('\u0001', 100_000) }] } });
        _grants.Add(Grant("b", 1));
        await Sequencer().RoundAsync(default);
        Ids.Should().BeEquivalentTo("a/0", "b/0");
    }

    [Fact]
    public async Task A_batch_that_the_operator_did_not_sign_is_not_taken_over()
    {
        _grants.Add(Grant("a", 1));
        await Sequencer().RoundAsync(default);
        _storage.Files[JournalBatch.PathOf(1)] = [0, 0, 0, 1, 65];
        _grants.Add(Grant("b", 1));

        await Sequencer().Invoking(s => s.RoundAsync(default)).Should().ThrowAsync<JournalException>().WithMessage("*not a batch that the operator signed*");
        _backlog.Should().BePositive();
        Ids.Should().Equal("a/0");
    }

    [Theory]
    [InlineData("checkpoint")]
    [InlineData("tile/0/000.p/1")]
    [InlineData("tile/entries/000.p/1")]
    public async Task A_journal_that_was_changed_is_not_extended(string path)
    {
        _grants.Add(Grant("a", 1));
        await Sequencer().RoundAsync(default);
        _storage.Files[path][^3] ^= 1;
        _grants.Add(Grant("b", 1));
        var files = _storage.Files.Count;

        await Sequencer().Invoking(s => s.RoundAsync(default)).Should().ThrowAsync<JournalException>();
        _storage.Files.Should().HaveCount(files);
    }

    [Fact]
    public async Task An_old_checkpoint_that_was_put_back_is_not_extended()
    {
        _grants.AddRange(Enumerable.Range(0, 10).Select(i => Grant($"g{i}", 1)));
        await Sequencer().RoundAsync(default);
        var old = _storage.Files[Checkpoint.Path];
        _grants.AddRange(Enumerable.Range(10, 600).Select(i => Grant($"g{i}", 1)));
        await Sequencer().RoundAsync(default);
        _storage.Files[Checkpoint.Path] = old;
        _storage.Files["tile/0/000.p/10"] = _storage.Files["tile/0/000"][..320];

        await Sequencer().Invoking(s => s.RoundAsync(default)).Should().ThrowAsync<JournalException>().WithMessage("*an old checkpoint was put back*");
    }

    [Fact]
    public async Task A_storage_that_is_empty_all_of_a_sudden_begins_no_second_journal()
    {
        _grants.Add(Grant("a", 1));
        var writer = new FaultyStorage.Writer(_storage);
        var sequencer = Sequencer(writer);
        await sequencer.RoundAsync(default);
        _grants.Add(Grant("b", 1));
        writer.FailsAfter = 0;
        await sequencer.Invoking(s => s.RoundAsync(default)).Should().ThrowAsync<IOException>();
        writer.FailsAfter = int.MaxValue;
        _storage.Files.Clear();
        await sequencer.Invoking(s => s.RoundAsync(default)).Should().ThrowAsync<JournalException>().WithMessage("*had 1 entries and has 0 now*");
        _storage.Files.Should().BeEmpty();
    }

    [Fact]
    public async Task A_failure_is_tried_again_and_shows_in_the_backlog()
    {
        var clock = new FakeClock(A.Start);
        var writer = new FaultyStorage.Writer(_storage) { FailsAfter = 0 };
        _grants.Add(Grant("a", 2));
        using var stop = new CancellationTokenSource();
        var running = Sequencer(writer, clock: clock).RunAsync(stop.Token);
        await clock.WhenTimerArmed(JournalSequencer.Pause).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        _backlog.Should().Be(2);

        writer.FailsAfter = int.MaxValue;
        clock.Advance(JournalSequencer.Pause);
        await clock.WhenTimerArmed(JournalSequencer.Period).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        _backlog.Should().Be(0);
        Ids.Should().Equal("a/0", "a/1");
        _counted.Should().BeEquivalentTo(new Dictionary<bool, int> { [false] = 1, [true] = 2 });
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task The_index_of_each_transition_is_known_until_the_status_has_it()
    {
        _grants.AddRange([Grant("a", 2), Grant("b", 1)]);
        var sequencer = Sequencer();
        await sequencer.RoundAsync(default);
        Indices(sequencer, "a").Should().Equal((0, 0), (1, 2));
        Indices(sequencer, "b").Should().Equal((0, 1));

        _grants[0] = Indexed(Grant("a", 2), 0, 2);
        await sequencer.RoundAsync(default);
        Indices(sequencer, "a").Should().BeEmpty();
        _grants[0] = Indexed(Grant("a", 3), 0, 2);
        _grants.RemoveAt(1);
        await sequencer.RoundAsync(default);
        Indices(sequencer, "a").Should().Equal((2, 3));
        Indices(sequencer, "b").Should().BeEmpty("the grant is gone");
    }

    [Fact]
    public async Task The_next_leader_reads_the_indices_that_statuses_lack_from_the_journal()
    {
        _grants.AddRange(Enumerable.Range(0, 300).Select(i => Grant($"g{i}", 1)));
        await Sequencer().RoundAsync(default);
        _grants[7] = Indexed(Grant("g7", 1), 4711);
        var next = Sequencer();
        await next.RoundAsync(default);

        Indices(next, "g299").Should().Equal((0, 299));
        Indices(next, "g7").Should().Equal([(0, 7L)], "what somebody forged is corrected");
    }

    [Fact]
    public async Task A_status_that_somebody_rewrote_does_not_count_as_written()
    {
        var clock = new FakeClock(A.Start);
        _grants.Add(Grant("a", 2));
        var sequencer = Sequencer(clock: clock);
        using var stop = new CancellationTokenSource();
        var running = sequencer.RunAsync(stop.Token);
        await clock.WhenTimerArmed(JournalSequencer.Period).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        var one = Grant("a", 1);
        var rewritten = one with { Status = one.Status with { Transitions = [one.Status.Transitions[0] with { At = A.Start.AddMinutes(1) }] } };
        (await sequencer.WriteAsync(rewritten, default).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System)).Should().Contain("rewrote the status");
        sequencer.Facts(rewritten).IndexOf(rewritten.Status, 0).Should().BeNull();
        sequencer.Facts(one).IndexOf(one.Status, 0).Should().Be(0);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task The_last_transition_of_a_grant_that_is_deleted_is_kept_until_it_is_written()
    {
        _grants.Add(Grant("a", 2));
        var writer = new FaultyStorage.Writer(_storage);
        var sequencer = Sequencer(writer);
        await sequencer.RoundAsync(default);
        sequencer.Remember(Grant("a", 3), isUrgent: true);
        _grants.Clear();
        writer.FailsAfter = 0;
        await sequencer.Invoking(s => s.RoundAsync(default)).Should().ThrowAsync<IOException>();
        writer.FailsAfter = int.MaxValue;
        await sequencer.RoundAsync(default);
        await sequencer.RoundAsync(default);
        Ids.Should().Equal("a/0", "a/1", "a/2");
    }

    [Fact]
    public async Task Those_who_wait_for_the_journal_do_not_wait_for_the_next_round_and_share_a_batch()
    {
        var clock = new FakeClock(A.Start);
        var sequencer = Sequencer(clock: clock);
        using var stop = new CancellationTokenSource();
        var running = sequencer.RunAsync(stop.Token);
        await clock.WhenTimerArmed(JournalSequencer.Period).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        _grants.AddRange(Enumerable.Range(0, 20).Select(i => Grant($"g{i}", 1)));
        var answers = await Task.WhenAll(_grants.Select(g => sequencer.WriteAsync(g, default))).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);

        answers.Should().OnlyContain(a => a == null);
        Ids.Should().HaveCount(20).And.OnlyHaveUniqueItems();
        _storage.Checkpoints.Count.Should().BeLessThan(20, "a batch is for many");
        Indices(sequencer, "g3").Should().ContainSingle();
        (await sequencer.WriteAsync(_grants[3], default)).Should().BeNull("it is there already");
        Ids.Should().HaveCount(20);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task While_the_storage_is_away_nobody_waits_and_all_hear_why()
    {
        var clock = new FakeClock(A.Start);
        var writer = new FaultyStorage.Writer(_storage) { FailsAfter = 0 };
        var sequencer = Sequencer(writer, clock: clock);
        _grants.Add(Grant("a", 1));
        using var stop = new CancellationTokenSource();
        var first = sequencer.WriteAsync(_grants[0], default);
        var running = sequencer.RunAsync(stop.Token);
        (await first.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System)).Should().Be("IOException");
        (await sequencer.WriteAsync(_grants[0], default)).Should().Be("IOException");
        sequencer.Facts(_grants[0]).Problem.Should().Be("IOException");

        writer.FailsAfter = int.MaxValue;
        await clock.WhenTimerArmed(JournalSequencer.Pause).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        clock.Advance(JournalSequencer.Pause);
        await clock.WhenTimerArmed(JournalSequencer.Period).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        (await sequencer.WriteAsync(_grants[0], default).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System)).Should().BeNull();
        sequencer.Facts(_grants[0]).Problem.Should().BeNull();
        Ids.Should().Equal("a/0");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_storage_that_hangs_holds_nobody_for_longer_than_the_patience()
    {
        var clock = new FakeClock(A.Start);
        var hang = new TaskCompletionSource();
        var sequencer = Sequencer(new(_storage) { Before = _ => hang.Task }, clock: clock);
        _grants.Add(Grant("a", 1));
        using var stop = new CancellationTokenSource();
        var waiting = sequencer.WriteAsync(_grants[0], default);
        var running = sequencer.RunAsync(stop.Token);
        await clock.WhenTimerArmed(JournalRequests.Patience).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        clock.Advance(JournalRequests.Patience);
        (await waiting.WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System)).Should().Contain("does not answer within 5 s");
        (await sequencer.WriteAsync(_grants[0], default)).Should().Contain("does not answer", "the next one does not wait at all");

        hang.SetResult();
        await clock.WhenTimerArmed(JournalSequencer.Period).WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        sequencer.Facts(_grants[0]).Problem.Should().BeNull();
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Who_waits_when_the_term_ends_is_cancelled()
    {
        var sequencer = Sequencer(new(_storage) { Before = _ => new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromMinutes(1)) });
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        var waiting = sequencer.WriteAsync(Grant("a", 1), default);
        await sequencer.RunAsync(stop.Token);
        await waiting.Invoking(w => w).Should().ThrowAsync<OperationCanceledException>();
        await sequencer.Invoking(s => s.WriteAsync(Grant("a", 1), default)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task What_a_checkpoint_covers_is_announced_once_with_its_index()
    {
        var writer = new JournalWriter(new(new FaultyStorage.Writer(_storage), Key));
        var covered = new List<LoggedEntry>();
        writer.Covered += covered.AddRange;
        await writer.CatchUpAsync(() => 0, default);
        await writer.AppendAsync([.. GrantEntries.Of(Grant("a", 3), 0)], _ => { }, default);
        covered.Select(c => (c.Index, c.Entry.Id)).Should().Equal((0, "a/0"), (1, "a/1"), (2, "a/2"));

        covered.Clear();
        var other = new JournalWriter(new(new FaultyStorage.Writer(_storage), Key));
        other.Covered += covered.AddRange;
        await other.CatchUpAsync(() => 0, default);
        await other.CatchUpAsync(() => 0, default);
        covered.Select(c => c.Index).Should().Equal(0, 1, 2);
        other.IsCurrent.Should().BeTrue();
    }

    private static IEnumerable<(int, long)> Indices(JournalSequencer sequencer, string uid) =>
        sequencer.Facts(Grant(uid, 1)).Entries.Select(e => (e.Number, e.Index)).Order();

    private static BreakGlassGrant Indexed(BreakGlassGrant grant, params long[] indices) => grant with
    {
        Status = grant.Status with
        {
            // Access that is about to open is not what this is about.
            Phase = GrantPhase.Active,
            Transitions = [.. grant.Status.Transitions.Select((t, i) => t with { JournalIndex = i < indices.Length ? indices[i] : null })],
        },
    };

    /// <summary>Grants of which each has some of the transitions of one that goes from its request to its end.</summary>
    private static BreakGlassGrant Grant(string uid, int transitions) => new()
    {
        Metadata = new() { Name = $"grant-{uid}", Uid = uid, CreationTimestamp = A.Start.UtcDateTime, ResourceVersion = $"{transitions}" },
        Spec = new() { Policy = "payments", Justification = "checkout returns 5xx", Requester = new() { Username = "alice" } },
        Status = new()
        {
            Phase = new[] { GrantPhase.Pending, GrantPhase.Active, GrantPhase.Expired }[transitions - 1],
            Transitions = [.. new TransitionRecord[]
            {
                new() { At = A.Start, To = GrantPhase.Pending, Actor = "alice", Reason = "Requested" },
                new() { At = A.Start.AddSeconds(1), From = GrantPhase.Pending, To = GrantPhase.Active, Actor = "alice", Reason = "PolicyAllows" },
                new() { At = A.Start.AddHours(1), From = GrantPhase.Active, To = GrantPhase.Expired, Actor = "breakglass-operator", Reason = "Expired" },
            }.Take(transitions)],
        },
    };

    private async Task WriteAsync(List<BreakGlassGrant> cache, int number, Turns turns)
    {
        await Task.Yield();
        var sequencer = Sequencer(new(_storage) { Before = _ => turns.WaitAsync(number) }, cache);
        try
        {
            for (var round = 0; round < 4; round++)
            {
                cache.Add(Grant(string.Create(CultureInfo.InvariantCulture, $"w{number}-{round}"), 1));
                if (round % 2 == number) cache.Add(Grant(string.Create(CultureInfo.InvariantCulture, $"x{number}-{round}"), 1));
                await sequencer.RoundAsync(default);
            }
        }
        finally
        {
            turns.Leave(number);
        }
    }

    private JournalSequencer Sequencer(FaultyStorage.Writer? writer = null, List<BreakGlassGrant>? cache = null, Func<string, BreakGlassGrant?>? read = null,
        TimeProvider? clock = null) =>
        new(new JournalWriter(new(writer ?? new(_storage), Key)), new(new MemorySource { HasSynced = false }, clock ?? TimeProvider.System),
            () => cache ?? _grants, (name, _) =>
        {
            _reads++;
            return Task.FromResult(read?.Invoke(name));
        }, waiting => _backlog = waiting, (count, isWritten) => _counted[isWritten] = _counted.GetValueOrDefault(isWritten) + count,
            clock ?? TimeProvider.System, NullLogger.Instance);

    private IEnumerable<JournalEntry> Entries()
    {
        var checkpoint = Checkpoint.Open(_storage.Files[Checkpoint.Path], Key.Verifier, out _)!;
        return JournalEntries.Read(_storage.Reader, checkpoint.Size).Select(e => JournalEntry.Read(e.Bytes)!);
    }

    private void Verify() => JournalCheck.Run(_storage.Reader, Key.Verifier).Problems.Should().BeEmpty();
}
