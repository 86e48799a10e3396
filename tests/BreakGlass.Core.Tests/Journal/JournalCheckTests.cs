using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>A journal is verified with its files and a public key alone, and a problem names the entry.</summary>
public sealed class JournalCheckTests
{
    private const string Bundle = "tile/entries/000.p/20";
    private const string Leaves = "tile/0/000.p/20";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(600)]
    public void A_journal_that_was_not_changed_is_good(int size)
    {
        var report = TestLog.Of(size, batch: 100).Check();
        report.Problems.Should().BeEmpty();
        report.Checkpoint!.Size.Should().Be(size);
    }

    [Fact]
    public void A_journal_of_70000_entries_is_good_and_a_changed_hash_high_up_is_found()
    {
        var log = TestLog.Of(70_000);
        log.Check().Problems.Should().BeEmpty();

        log.Files["tile/1/000"][32 * 9] ^= 1;
        log.Check().Problems.Should().ContainSingle().Which.Should().BeEquivalentTo(new { First = 2304L, Last = 2559L });
    }

    [Fact]
    public void A_partial_tile_may_be_gone_when_the_full_one_is_there()
    {
        var log = TestLog.Of(200);
        var then = log.Files[Checkpoint.Path];
        log.Append([.. Enumerable.Range(200, 100).Select(TestLog.Entry)]);
        foreach (var partial in log.Files.Keys.Where(p => p.Contains("000.p/200", StringComparison.Ordinal)).ToList()) log.Files.Remove(partial);

        log.Check(kept: then).Problems.Should().BeEmpty();
        log.Files[Checkpoint.Path] = then;
        log.Check().Problems.Should().BeEmpty();
    }

    [Fact]
    public void A_changed_entry_is_named() => Problem(log => log.Files[Bundle][^5] ^= 1).Should().Be("entry 19: was changed");

    [Fact]
    public void A_changed_hash_is_named_and_its_entry_is_not_blamed() =>
        Problem(log => log.Files[Leaves][(32 * 7) + 3] ^= 1).Should().StartWith("entry 7: its hash in").And.EndWith("the entry is as it was signed");

    [Fact]
    public void A_dropped_entry_is_named() => Problem(log => Rewrite(log, e => e.RemoveAt(4))).Should().Be("entry 4: was dropped");

    [Fact]
    public void The_last_entry_that_was_dropped_is_named() => Problem(log => Rewrite(log, e => e.RemoveAt(19))).Should().StartWith("entry 19: was dropped");

    [Fact]
    public void An_inserted_entry_is_named() =>
        Problem(log => Rewrite(log, e => e.Insert(3, TestLog.Entry(99)))).Should().StartWith("entry 3: another entry was inserted");

    [Fact]
    public void An_entry_that_was_added_at_the_end_is_named() =>
        Problem(log => Rewrite(log, e => e.Add(TestLog.Entry(99)))).Should().StartWith("entry 19: ").And.Contain("bytes after this entry");

    [Fact]
    public void Entries_in_another_order_are_named() =>
        Problem(log => Rewrite(log, e => (e[5], e[9]) = (e[9], e[5]))).Should().StartWith("entry 5: was moved");

    [Fact]
    public void A_bundle_that_is_cut_off_names_its_first_entry_that_is_not_whole() =>
        Problem(log => log.Files[Bundle] = log.Files[Bundle][..^3]).Should().StartWith("entry 19: was changed, or cut off");

    [Fact]
    public void A_missing_bundle_names_its_entries() =>
        Problem(log => log.Files.Remove(Bundle)).Should().Be($"entries 0 to 19: the file {Bundle} is missing");

    [Fact]
    public void A_missing_tile_is_named() => Problem(log => log.Files.Remove(Leaves)).Should().Be($"entries 0 to 19: the file {Leaves} is missing");

    [Fact]
    public void An_entry_and_its_hash_that_were_changed_together_do_not_have_the_signed_root() => Problem(log =>
    {
        Rewrite(log, e => e[4] = TestLog.Entry(99));
        TreeHash.Leaf(TestLog.Entry(99).Span).Write(log.Files[Leaves].AsSpan(4 * 32));
    }).Should().StartWith("entries 0 to 19: do not have the root that was signed");

    [Fact]
    public void In_a_large_journal_such_a_change_is_narrowed_to_a_bundle()
    {
        var log = TestLog.Of(700);
        var entries = EntryBundle.Read(log.Files["tile/entries/001"], out _).ToList();
        entries[4] = TestLog.Entry(999);
        log.Files["tile/entries/001"] = EntryBundle.Write(entries);
        TreeHash.Leaf(entries[4].Span).Write(log.Files["tile/0/001"].AsSpan(4 * 32));

        log.Check().Problems.Should().ContainSingle().Which.Should().BeEquivalentTo(new { First = 256L, Last = 511L });
    }

    [Fact]
    public void A_checkpoint_by_another_key_is_not_trusted()
    {
        var log = TestLog.Of(20);
        log.Sign(SigningKey.Of(TestLog.Origin, TestLog.Seed(8)));
        log.Check().Problems.Should().ContainSingle().Which.Message.Should().Contain("is not signed by the key");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_checkpoint_that_is_cut_off_is_not_trusted(int bytes) =>
        Problem(log => log.Files[Checkpoint.Path] = log.Files[Checkpoint.Path][..bytes]).Should().Contain("cannot be trusted");

    [Fact]
    public void A_missing_checkpoint_is_said() => Problem(log => log.Files.Remove(Checkpoint.Path)).Should().Contain("checkpoint is missing");

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1L << 62)]
    [InlineData(21)]
    public void A_size_that_the_files_do_not_have_ends_the_check(long size)
    {
        var log = TestLog.Of(20);
        log.Files[Checkpoint.Path] = Checkpoint.Sign(size, log.Root, TestLog.Key);
        log.Check().Problems.Should().NotBeEmpty();
        JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711").Problems.Should().NotBeEmpty();
    }

    [Fact]
    public void A_journal_that_ends_before_the_kept_checkpoint_was_cut_off()
    {
        var (kept, log) = (TestLog.Of(30).Files[Checkpoint.Path], TestLog.Of(20));
        log.Check(kept).Problems.Should().ContainSingle().Which.ToString().Should().StartWith("entries 20 to 29: were removed");
    }

    [Fact]
    public void A_journal_that_was_written_and_signed_again_does_not_fit_the_kept_checkpoint()
    {
        var (kept, log) = (TestLog.Of(300).Files[Checkpoint.Path], new TestLog());
        log.Append([.. Enumerable.Range(0, 400).Select(i => TestLog.Entry(i == 7 ? 99 : i))]);

        log.Check().Problems.Should().BeEmpty("the key's owner signed it");
        log.Check(kept).Problems.Should().ContainSingle().Which.ToString().Should().Contain("written again after that checkpoint");
    }

    [Fact]
    public void One_grants_entries_are_proven_and_complete()
    {
        var log = WithGrant(skip: -1);
        var report = JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711");
        report.Problems.Should().BeEmpty();
        report.Entries.Select(e => e.Index).Should().Equal(30, 31, 32);
    }

    [Fact]
    public void A_transition_that_is_missing_between_a_grants_entries_is_named()
    {
        var report = JournalCheck.RunFor(WithGrant(skip: 1).Reader, TestLog.Key.Verifier, "inc-4711");
        report.Problems.Should().ContainSingle().Which.ToString().Should().Be("entry 31: comes after 0b5c/1, which is missing before it");
    }

    [Fact]
    public void A_grants_decisions_and_notes_are_proven_with_its_transitions()
    {
        var (log, grant) = (TestLog.Of(3), A.FinishedGrant(GrantPhase.Expired));
        JournalEntry[] entries =
        [
            GrantEntries.Of(grant, 0).First(), ApprovalEntries.Of(A.Approval(grant, A.Caller("carol")), grant, true, A.Start),
            GrantEntries.Of(grant, 1).First(),
            .. GrantNotes.Of(grant with { Status = grant.Status with { Residue = ["left: jobs.batch payments/miner"] } }, A.Start),
            ApprovalEntries.Of(A.Review(grant, A.Caller("sue")), grant, true, A.Start), GrantNotes.Deleted("grant-1", "inc-4711", A.Start),
        ];
        log.Append([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        var report = JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711");
        report.Problems.Should().BeEmpty();
        report.Entries.Select(e => e.Entry.Id).Should().Equal(entries.Select(e => e.Id));

        log.Append([entries[1].Bytes()]);
        JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711").Problems.Should().ContainSingle()
            .Which.ToString().Should().Be("entry 9: repeats uid-approval-1/0");
    }

    [Fact]
    public void A_grants_entry_that_was_changed_is_not_proven()
    {
        var log = WithGrant(skip: -1);
        var bundle = log.Files["tile/entries/000.p/33"];
        bundle[bundle.AsSpan().LastIndexOf("PolicyAllows"u8)] = (byte)'Q';
        JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711").Problems.Should().NotBeEmpty();
    }

    private static string Problem(Action<TestLog> damage)
    {
        var log = TestLog.Of(20);
        damage(log);
        return log.Check().Problems.Should().ContainSingle().Which.ToString();
    }

    private static void Rewrite(TestLog log, Action<List<ReadOnlyMemory<byte>>> change)
    {
        var entries = EntryBundle.Read(log.Files[Bundle], out _).ToList();
        change(entries);
        log.Files[Bundle] = EntryBundle.Write(entries);
    }

    private static TestLog WithGrant(int skip)
    {
        var grant = new BreakGlassGrant
        {
            Metadata = new() { Name = "inc-4711", Uid = "0b5c" },
            Status = new()
            {
                Transitions =
                [
                    new() { At = A.Start, To = GrantPhase.Pending, Reason = "Requested" },
                    new() { At = A.Start, To = GrantPhase.Active, Reason = "PolicyAllows" },
                    new() { At = A.Start, To = GrantPhase.Expired, Reason = "Expired" },
                ],
            },
        };
        var log = TestLog.Of(30);
        log.Append([.. GrantEntries.Of(grant, 0).Where((_, number) => number != skip).Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        return log;
    }
}
