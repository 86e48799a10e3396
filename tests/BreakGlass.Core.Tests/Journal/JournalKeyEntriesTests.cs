using System.Text;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>The entries that lead people who trust an old key of the journal to the new one.</summary>
public sealed class JournalKeyEntriesTests
{
    private static readonly SigningKey First = TestLog.Key;
    private static readonly SigningKey Second = SigningKey.Of(TestLog.Origin, TestLog.Seed(8));
    private static readonly SigningKey Third = SigningKey.Of(TestLog.Origin, TestLog.Seed(9));

    [Fact]
    public void A_planned_replacement_is_signed_by_both_keys_and_leads_to_the_new_one()
    {
        var entry = Missing(Both(Second, First)).Should().ContainSingle().Which;

        entry.Should().Match<JournalEntry>(e => e.Id == $"journalkey-{Second.Verifier.Id}.{First.Verifier.Id}/2"
            && e.Type == "dev.breakglass.journalkey.replaced" && e.Subject == $"journalkeys/{Second.Verifier.Id}" && e.Data.Key == Second.Verifier.Id
            && e.Data.Follows == First.Verifier.Id);
        JournalEntry.Read(entry.Bytes())!.Data.Note.Should().Be(entry.Data.Note).And.NotContain("PRIVATE").And.Contain($"{Second.Verifier}");
        Followers([entry], First.Verifier).Should().Equal(
            new KeySuccessor(0, First.Verifier.Id, Second.Verifier.Id, Second.Verifier.ToString()));
        Followers([entry], Second.Verifier).Should().BeEmpty("the new key is trusted, and does not lead back");
        Followers([entry], Third.Verifier).Should().BeEmpty("people who trust another key learn nothing");
    }

    [Fact]
    public void A_key_that_has_leaked_signs_nothing_and_leads_nowhere()
    {
        var entry = Missing(Parse($"{Second.ToSecretText()}\n{First.Verifier}")).Should().ContainSingle().Which;
        entry.Id.Should().EndWith("/1");
        entry.Data.Should().Match<EntryData>(d => d.Follows == First.Verifier.Id && d.Note == null);
        Followers([entry], First.Verifier).Should().BeEmpty();
    }

    [Fact]
    public void A_key_that_was_replaced_twice_leads_to_the_newest_in_whatever_order_it_is_read()
    {
        var entries = Missing(Both(Second, First)).Concat(Missing(Both(Third, Second))).ToList();
        foreach (var order in new[] { entries, [.. entries.AsEnumerable().Reverse()] })
            Followers(order, First.Verifier).Select(f => (f.Before, f.Key)).Should().Equal(
                (First.Verifier.Id, Second.Verifier.ToString()), (Second.Verifier.Id, Third.Verifier.ToString()));
    }

    [Fact]
    public void Only_a_note_that_a_trusted_key_signed_for_these_keys_leads_to_one()
    {
        var good = Missing(Both(Second, First)).Single();
        var note = good.Data.Note!;
        var other = SigningKey.Of("other.example/log", TestLog.Seed(9));
        string Sign(string text, SigningKey key) => Encoding.UTF8.GetString(SignedNote.Sign(text, key));
        var text = note[..(note.IndexOf("\n\n", StringComparison.Ordinal) + 1)];
        foreach (var bad in (string[])
        [
            "", text, note + "x", note.Replace(Second.Verifier.ToString(), Third.Verifier.ToString(), StringComparison.Ordinal),
            Sign(text, Second), // by the new key alone
            Sign(text.Replace(Second.Verifier.ToString(), other.Verifier.ToString(), StringComparison.Ordinal), First), // the key of another journal
            Sign(text.Replace(Second.Verifier.ToString(), "nonsense", StringComparison.Ordinal), First),
            Sign(text + "more\n", First),
            Encoding.UTF8.GetString(Checkpoint.Sign(1, TreeHash.Leaf([1]), First)), // something else that the key signed
        ])
        {
            Followers([good with { Data = good.Data with { Note = bad } }], First.Verifier).Should().BeEmpty(bad);
        }

        Followers([good with { Type = EntryTypes.SealKeyAdded }], First.Verifier).Should().BeEmpty("it is an entry of another kind");
    }

    [Fact]
    public void A_leaked_key_cannot_say_what_follows_another_trusted_key()
    {
        var good = Missing(Both(Third, Second)).Single();
        var text = good.Data.Note![..(good.Data.Note!.IndexOf("\n\n", StringComparison.Ordinal) + 1)];
        var forged = good with { Data = good.Data with { Note = Encoding.UTF8.GetString(SignedNote.Sign(text, First)) } };

        Followers([forged], First.Verifier).Should().BeEmpty();
        Followers([forged], First.Verifier.With([Second.Verifier])).Should().BeEmpty();
        Followers([good], First.Verifier.With([Second.Verifier])).Should().ContainSingle();
    }

    [Fact]
    public void A_journal_that_cannot_be_read_to_its_end_leads_as_far_as_it_can_be_read()
    {
        var log = Log(Missing(Both(Second, First)));
        log.Append([.. Enumerable.Range(0, Tile.FullWidth).Select(TestLog.Entry)]);
        log.Files[Checkpoint.Path] = Checkpoint.Sign(long.MaxValue, log.Root, Third);
        JournalKeyEntries.Followers(log.Reader, First.Verifier).Should().ContainSingle();
        log.Files.Clear();
        JournalKeyEntries.Followers(log.Reader, First.Verifier).Should().BeEmpty();
    }

    [Fact]
    public void Each_pair_of_keys_has_its_entry_once_and_one_more_if_the_old_key_signs_later()
    {
        var leaked = Parse($"{Second.ToSecretText()}\n{First.Verifier}\n{First.Verifier}\n{Second.Verifier}");
        var (planned, state) = (Both(Second, First), new JournalState());
        state.Take(0, Missing(leaked, state).Should().ContainSingle().Which);
        Missing(leaked, state).Should().BeEmpty();
        state.Take(1, Missing(planned, state).Should().ContainSingle().Which);
        Missing(planned, state).Should().BeEmpty();

        var next = new JournalState();
        next.Take(2, state.List(2, A.Start).Should().ContainSingle().Which);
        Missing(planned, next).Should().BeEmpty("a list of what exists names it");
        Missing(Parse($"{Third.ToSecretText()}\n{Second.ToSecretText()}\n{First.Verifier}"), next).Select(e => e.Data.Follows)
            .Should().BeEquivalentTo(Second.Verifier.Id, First.Verifier.Id);
        Missing(Third, next).Should().BeEmpty("it is the only key");
    }

    private static IEnumerable<JournalEntry> Missing(SigningKey key, JournalState? state = null) =>
        JournalKeyEntries.Missing(key, state ?? new(), A.Start);

    private static IReadOnlyList<KeySuccessor> Followers(IEnumerable<JournalEntry> entries, VerifierKey trusted) =>
        JournalKeyEntries.Followers(Log(entries).Reader, trusted);

    private static TestLog Log(IEnumerable<JournalEntry> entries)
    {
        var log = new TestLog();
        log.Append([.. entries.Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        log.Sign(Third);
        return log;
    }

    private static SigningKey Both(SigningKey key, SigningKey before) => Parse($"{key.ToSecretText()}\n{before.ToSecretText()}");

    private static SigningKey Parse(string text) => SigningKey.TryParse(text, out var key) ? key : throw new InvalidOperationException("it was not read");
}
