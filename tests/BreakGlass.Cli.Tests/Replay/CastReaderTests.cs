using BreakGlass.Cli.Replay;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Xunit;
using static BreakGlass.Cli.Tests.Replay.RecordedJournal;

namespace BreakGlass.Cli.Tests.Replay;

public sealed class CastReaderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-cast-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Events_come_in_their_order_over_all_parts_also_if_a_line_is_split()
    {
        var line = Event(2, "second");
        var (events, reader) = Read([Header + Event(1, "first") + line[..9], line[9..] + Event(3, "third", 'i')]);
        events.Should().Equal(new CastEvent(TimeSpan.FromSeconds(1), 'o', "first"), new(TimeSpan.FromSeconds(2), 'o', "second"),
            new(TimeSpan.FromSeconds(3), 'i', "third"));
        reader.Size.Should().Be((120, 30));
        reader.Problems.Should().BeEmpty();
    }

    [Fact]
    public void Time_does_not_go_back_and_has_an_end()
    {
        var (events, _) = Read([Header + Event(5, "a") + Event(1, "b") + Event(-3, "c") + "[1e300,\"o\",\"d\"]\n"]);
        events.Select(e => e.At.TotalSeconds).Should().Equal(5, 5, 5, 365 * 24 * 3600);
    }

    [Fact]
    public void What_is_no_event_is_counted_and_the_rest_is_read()
    {
        var (events, reader) = Read(
            [Header + "nonsense\n[1,2]\n[1,\"o\",\"x\",1]\n[1,\"oo\",\"x\"]\n[\"1\",\"o\",\"x\"]\n" + Event(1, "a") + "[2,\"o\",\"cut"]);
        events.Select(e => e.Text).Should().Equal("a");
        reader.Problems.Should().Equal("5 lines of part 0 are not events, and are not shown.", "The last event is cut off.");
    }

    [Fact]
    public void A_part_that_is_too_long_when_unpacked_takes_no_memory()
    {
        var (events, reader) = Read([Header + new string('x', 9 * 1024 * 1024) + "\n" + Event(1, "a")]);
        events.Select(e => e.Text).Should().Equal("a");
        reader.Problems.Should().ContainSingle().Which.Should().StartWith("1 lines");
    }

    [Fact]
    public void A_size_that_no_terminal_has_is_not_used()
    {
        Read(["{\"version\":2,\"width\":99999999,\"height\":1}\n" + Event(1, "a")]).Reader.Size.Should().Be((80, 24));
        CastReader.ReadSize("132x50").Should().Be((132, 50));
        foreach (var size in (string[])["", "x", "0x1", "1x0", "-1x5", "99999x1", "1x1x1", "80 x24"]) CastReader.ReadSize(size).Should().BeNull(size);
    }

    [Fact]
    public void Where_a_part_is_missing_there_is_a_gap_and_the_line_before_it_does_not_go_on()
    {
        var journal = new RecordedJournal(_directory);
        journal.Record(Grant(), "s", "", [Header + "[1,\"o\",\"begi", Event(2, "lost"), Event(3, "after")]);
        File.Delete(journal.FileOf(Grant(), "s", 1));
        var stream = Stream();
        stream.IsSound.Should().BeFalse();
        new CastReader().Read(stream).Select(e => (e.Code, e.Text)).Should().Equal((CastEvent.Gap, ""), (CastEvent.Gap, ""), ('o', "after"));
    }

    [Fact]
    public void A_part_that_is_not_gzip_is_said()
    {
        var journal = new RecordedJournal(_directory);
        journal.Record(Grant(), "s", "", [Header + Event(1, "a"), Event(2, "b")]);
        var stream = Stream();
        var reader = new CastReader();
        reader.Read(stream with { Files = [stream.Files[0], new byte[] { 1, 2, 3 }] }).Select(e => e.Text).Should().Equal("a");
        reader.Problems.Should().ContainSingle().Which.Should().StartWith("Part 1 is not gzip");
    }

    private (List<CastEvent> Events, CastReader Reader) Read(IReadOnlyList<string> parts)
    {
        new RecordedJournal(_directory).Record(Grant(), "s", "", parts);
        var reader = new CastReader();
        return ([.. reader.Read(Stream())], reader);
    }

    private RecordedStream Stream()
    {
        ReadOnlyMemory<byte>? Reader(string path)
        {
            var file = Path.Combine(_directory, path);
            if (!File.Exists(file)) return null;
            return File.ReadAllBytes(file);
        }

        return RecordedStream.Read(JournalRecording.Of(JournalCheck.RunFor(Reader, Key.Verifier, "inc-4711").Entries).Single(), Reader, default);
    }
}
