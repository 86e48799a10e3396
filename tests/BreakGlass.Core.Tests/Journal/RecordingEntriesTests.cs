using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>Each part of a recording has an entry that proves it, and a part that is missing is seen.</summary>
public sealed class RecordingEntriesTests
{
    private static readonly BreakGlassGrant Grant = new()
    {
        Metadata = new() { Name = "inc-4711", Uid = "grant-1" },
        Spec = new() { Policy = "payments", Requester = new() { Username = "alice" } },
    };

    [Fact]
    public void An_entry_says_what_was_recorded_where_it_is_and_its_hash()
    {
        var entry = RecordingEntries.Of(Grant, Part("stream-1", 3) with { Last = true, Missing = 17 });
        (entry.Id, entry.Type, entry.Subject, entry.Time).Should()
            .Be(("grant-1/recording/stream-1/3", "dev.breakglass.session.recording", "grants/inc-4711", A.Start.AddSeconds(5)));
        entry.Position.Should().BeNull("it is not the entry of a transition");
        var read = JournalEntry.Read(entry.Bytes())!;
        read.Should().BeEquivalentTo(entry);
        read.Data.Recording.Should().BeEquivalentTo(new
        {
            Stream = "stream-1", Part = 3, Last = true, Hash = new string('a', 64), Size = 1000, StartedAt = A.Start, EndsAfter = 5000, Missing = 17,
            Request = "exec -n payments web -- sh",
        });
    }

    [Fact]
    public void The_check_of_a_grant_finds_a_part_that_is_missing()
    {
        Problems([Entry("a", 0), Entry("b", 1), Entry("a", 1), Entry("b", 0)]).Should().BeEmpty("streams are numbered on their own, and come in any order");
        Problems([Entry("a", 0), Entry("a", 2)]).Should().ContainSingle().Which.Should()
            .Contain("grant-1/recording/a/1 with a part of a recording is missing");
        Problems([Entry("a", 1)]).Should().ContainSingle().Which.Should().Contain("grant-1/recording/a/0");
        Problems([Entry("a", 0), Entry("a", 0)]).Should().ContainSingle().Which.Should().Contain("repeats grant-1/recording/a/0");
    }

    [Fact]
    public void Entries_of_both_kinds_are_handed_over()
    {
        const string Path = "spool/replica.0000000000";
        SpoolFile.Read(Path, SpoolFile.Write(Path, 0, [Entry("a", 0)], TestLog.Key), TestLog.Key.Verifier)!.Entries.Should().ContainSingle();
    }

    private static List<string> Problems(IReadOnlyList<JournalEntry> entries)
    {
        var order = new EntryOrder();
        return [.. entries.Select(order.Problem).OfType<string>(), .. order.Gaps()];
    }

    private static JournalEntry Entry(string stream, int part) => RecordingEntries.Of(Grant, Part(stream, part));

    private static RecordingPart Part(string stream, int part) => new()
    {
        Stream = stream, Part = part, Hash = new('a', 64), Size = 1000, StartedAt = A.Start, EndsAfter = 5000, Request = "exec -n payments web -- sh",
    };
}
