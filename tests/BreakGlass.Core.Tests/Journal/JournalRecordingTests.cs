using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>The entries of recordings say which parts there are, what their hashes are, and what is missing.</summary>
public sealed class JournalRecordingTests
{
    private const string Uid = "grant-1";

    [Fact]
    public void Recordings_are_in_the_order_of_their_begin_and_their_parts_in_their_own()
    {
        var recordings = Of(Part("b", 1, last: true, minute: 2), Part("a", 0, last: true, minute: 5), Part("b", 0, minute: 2));
        recordings.Select(r => r.Stream).Should().Equal("b", "a");
        recordings[0].Parts.Select(p => (p.Index, p.Part.Part)).Should().Equal((2, 0), (0, 1));
        recordings[0].IsComplete.Should().BeTrue();
        (recordings[0].Duration, recordings[0].Size, recordings[0].Request).Should().Be((TimeSpan.FromSeconds(10), 200, "exec"));
        recordings[0].PathOf(recordings[0].Parts[1].Part).Should().Be("recordings/grant-1/b/000001.cast.gz");
    }

    [Fact]
    public void What_is_missing_is_said()
    {
        var recording = Of(Part("s", 1), Part("s", 5) with { Missing = 70 }, Part("s", 6)).Single();
        recording.Problems().Should().Equal(
            "Part 0 is missing: the journal has no entry for it.",
            "Parts 2 to 4 are missing: the journal has no entry for them.",
            "70 bytes of the stream before part 5 were not recorded.",
            "The recording has no end: the stream is still open, or its last parts were not recorded.");
        (recording.LacksParts, recording.IsComplete).Should().Be((true, false));
        Enumerable.Range(0, 3).Select(recording.HasGapBefore).Should().Equal(true, true, false);
    }

    [Fact]
    public void A_stream_that_is_open_lacks_no_part()
    {
        var recording = Of(Part("s", 0), Part("s", 1)).Single();
        (recording.LacksParts, recording.IsComplete).Should().Be((false, false));
    }

    [Fact]
    public void Of_two_entries_of_a_part_the_first_counts()
    {
        var recording = Of(Part("s", 0) with { Hash = "aa" }, Part("s", 0) with { Hash = "bb" }).Single();
        recording.Parts.Should().ContainSingle().Which.Part.Hash.Should().Be("aa");
    }

    [Theory]
    [InlineData("../../etc", 0)]
    [InlineData("a/b", 0)]
    [InlineData("", 0)]
    [InlineData("s", -1)]
    [InlineData("s", 1000000)]
    public void An_entry_that_leads_to_another_file_is_not_that_of_a_part(string stream, int part) => Of(Part(stream, part)).Should().BeEmpty();

    [Theory]
    [InlineData("grant-1/recording/s/1")]
    [InlineData("grant-1/recording/t/0")]
    [InlineData("grant-1/events/s/0")]
    [InlineData("../recording/s/0")]
    [InlineData("recording/s/0")]
    public void An_entry_with_the_id_of_another_is_not_that_of_a_part(string id) =>
        JournalRecording.UidOf(Entry(Part("s", 0)) with { Id = id }).Should().BeNull();

    [Fact]
    public void A_file_is_a_part_if_it_has_its_hash()
    {
        byte[] file = [1, 2, 3];
        var part = Part("s", 0) with { Hash = Convert.ToHexStringLower(SHA256.HashData(file)) };
        JournalRecording.IsPart(part, file).Should().BeTrue();
        JournalRecording.IsPart(part with { Hash = part.Hash.ToUpperInvariant() }, file).Should().BeTrue();
        JournalRecording.IsPart(part, [1, 2]).Should().BeFalse();
        JournalRecording.IsPart(part with { Hash = "" }, file).Should().BeFalse();
    }

    [Fact]
    public void Entries_are_read_without_a_key_as_they_are()
    {
        var log = new TestLog();
        log.Append([Entry(Part("s", 0)).Bytes()]);
        log.Sign(SigningKey.Of("another", TestLog.Seed(9)));
        var report = JournalCheck.RunUnverifiedFor(log.Reader, "inc-4711");
        report.Problems.Should().BeEmpty();
        JournalRecording.Of(report.Entries).Should().ContainSingle();
        JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711").Problems.Should().ContainSingle();

        log.Files[Checkpoint.Path] = Encoding.UTF8.GetBytes("nonsense");
        JournalCheck.RunUnverifiedFor(log.Reader, "inc-4711").Checkpoint.Should().BeNull();
    }

    [Fact]
    public void A_bundle_verifies_the_recordings_in_it_and_takes_no_other_file()
    {
        var (grant, file) = (BundleCheckTests.TheGrant, new byte[] { 1, 2, 3 });
        var part = Part("s", 0, last: true) with { Hash = Convert.ToHexStringLower(SHA256.HashData(file)) };
        var log = new TestLog();
        log.Append([.. GrantEntries.Of(grant, 0).Append(Entry(part)).Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        var report = JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711");

        Check(report, grant, []).Should().BeEmpty("a bundle need not have the files");
        Check(report, grant, [new("recordings/grant-1/s/000000.cast.gz", file)]).Should().BeEmpty();
        Check(report, grant, [new("recordings/grant-1/s/000000.cast.gz", new byte[] { 1 })]).Should().Equal(
            "entry 3: recordings/grant-1/s/000000.cast.gz is not what this entry has the hash of: the recording was changed or is damaged");
        Check(report, grant, [new("recordings/grant-1/s/000001.cast.gz", file)]).Should().Equal(
            "recordings/grant-1/s/000001.cast.gz does not belong here: no entry has its hash");
    }

    [Fact]
    public void A_bundle_takes_no_more_than_can_be_read_again()
    {
        var log = new TestLog();
        log.Append([Entry(Part("s", 0)).Bytes()]);
        var report = JournalCheck.RunFor(log.Reader, TestLog.Key.Verifier, "inc-4711");
        var write = () => BundleFiles.Write(report, TestLog.Key.Verifier, [], [.. Enumerable.Repeat(new LogFile("x", default), BundleFiles.MostFiles)]);
        write.Should().Throw<JournalException>().WithMessage("*more than a bundle holds*--recordings*");
    }

    private static IEnumerable<string> Check(GrantReport report, BreakGlassGrant grant, IReadOnlyList<LogFile> recordings) =>
        BundleCheck.Run(BundleFiles.Write(report, TestLog.Key.Verifier, [BundleCheckTests.Report(grant)], recordings)
            .ToDictionary(f => f.Path, f => f.Content, StringComparer.Ordinal), TestLog.Key.Verifier).Problems.Select(p => p.ToString());

    private static IReadOnlyList<JournalRecording> Of(params IEnumerable<RecordingPart> parts) =>
        JournalRecording.Of(parts.Select((part, i) => new ProvenEntry(i, Entry(part), default, [])));

    private static RecordingPart Part(string stream, int part, bool last = false, int minute = 0) => new()
    {
        Stream = stream, Part = part, Last = last ? true : null, Hash = "00", Size = 100, StartedAt = A.Start.AddMinutes(minute),
        EndsAfter = (part + 1) * 5000L, Request = "exec",
    };

    private static JournalEntry Entry(RecordingPart part) => new()
    {
        Id = $"{Uid}/recording/{part.Stream}/{part.Part}", Type = EntryTypes.SessionRecording, Source = JournalEntry.Operator, Subject = "grants/inc-4711",
        Time = A.Start, Data = new() { Grant = "inc-4711", Recording = part },
    };
}
