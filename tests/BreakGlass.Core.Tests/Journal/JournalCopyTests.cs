using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Journal;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>What is sent outside: an entry with its place, as CloudEvents, as syslog and as OTLP.</summary>
public sealed class JournalCopyTests
{
    private const string Hostile = "\"]\\\n\r<1>1 - - - \u0000\u001b[31m \u202Egnirts \u007f €😀";

    [Fact]
    public void A_copy_is_the_entry_with_its_journal_and_its_index()
    {
        var bytes = Entry("disk full").Bytes();
        var document = JsonNode.Parse(JournalCopy.Of("breakglass.example.com/test", 3_000_000_000, bytes).Document.Span)!.AsObject();
        document["journal"]!.GetValue<string>().Should().Be("breakglass.example.com/test");
        document["journalindex"]!.GetValue<string>().Should().Be("3000000000");

        document.Remove("journal");
        document.Remove("journalindex");
        Encoding.UTF8.GetString(bytes).Should().Be(
            document.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }), "nothing else differs");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"specversion\":\"1.0\"}")]
    public void What_is_no_entry_is_not_sent(string bytes) =>
        FluentActions.Invoking(() => JournalCopy.Of("x", 7, Encoding.UTF8.GetBytes(bytes))).Should().Throw<JournalException>().WithMessage("entry 7 *");

    [Fact]
    public void A_syslog_message_has_the_header_of_RFC_5424_and_the_length_of_RFC_5425()
    {
        var copy = JournalCopy.Of("breakglass.example.com/test", 41, Entry("disk full €").Bytes());
        var frame = SyslogMessage.Frame(copy, "breakglass-operator-0", "1.2.3");
        var space = Array.IndexOf(frame, (byte)' ');
        int.Parse(Encoding.ASCII.GetString(frame[..space]), System.Globalization.CultureInfo.InvariantCulture).Should().Be(frame.Length - space - 1);
        Encoding.UTF8.GetString(frame[(space + 1)..]).Should().Be("<109>1 2026-03-02T10:00:00.000Z breakglass-operator-0 breakglass-operator - "
            + "grant.activated [origin software=\"breakglass-operator\" swVersion=\"1.2.3\"][meta sequenceId=\"42\"] \uFEFF"
            + Encoding.UTF8.GetString(copy.Document.Span));
    }

    [Fact]
    public void A_sequence_number_stays_in_what_RFC_5424_allows() =>
        Encoding.UTF8.GetString(SyslogMessage.Write(JournalCopy.Of("x", int.MaxValue, Entry("y").Bytes()), "h", "1")).Should().Contain("sequenceId=\"1\"");

    [Fact]
    public void Nothing_that_a_user_writes_begins_another_message_or_ends_a_field()
    {
        var entry = Entry(Hostile) with { Type = "dev.breakglass.a b]\n€" };
        var message = Encoding.UTF8.GetString(SyslogMessage.Write(JournalCopy.Of("x", 0, entry.Bytes()), "host name\n", "1\"]\\"));
        message.Should().Contain(" host_name_ breakglass-operator - a_b]__ [origin software=\"breakglass-operator\" swVersion=\"1\\\"\\]\\\\\"][meta ");
        message.Count(c => c < ' ').Should().Be(0);
        Justification(message).Should().Be(Hostile);
    }

    [Fact]
    public void A_stream_of_frames_is_read_back_message_by_message_whatever_is_in_them() => Prop.ForAll<NonNull<string>[]>(texts =>
    {
        var entries = texts.Select(t => Entry(new string([.. t.Get.Where(c => !char.IsSurrogate(c))]))).ToList();
        var frames = entries.SelectMany((e, i) => SyslogMessage.Frame(JournalCopy.Of("x", i, e.Bytes()), "h", "1")).ToArray();
        var read = new List<string?>();
        while (frames.Length > 0)
        {
            var space = Array.IndexOf(frames, (byte)' ');
            var end = space + 1 + int.Parse(Encoding.ASCII.GetString(frames[..space]), System.Globalization.CultureInfo.InvariantCulture);
            var message = Encoding.UTF8.GetString(frames[(space + 1)..end]);
            read.Add(Justification(message));
            frames = frames[end..];
        }

        return read.SequenceEqual(entries.Select(e => e.Data.Justification));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_number_of_rejected_records_is_read_from_the_answer_of_a_collector()
    {
        OtlpLogs.Rejected([]).Should().Be(0);
        OtlpLogs.Rejected([0x0a, 0]).Should().Be(0, "a partial success that says nothing");
        OtlpLogs.Rejected([0x0a, 7, 0x08, 0xac, 0x02, 0x12, 2, (byte)'n', (byte)'o']).Should().Be(300);
        OtlpLogs.Rejected([0x12, 2, 0x08, 9, 0x0a, 2, 0x08, 1]).Should().Be(1, "an unknown field comes first");
    }

    [Fact]
    public void No_time_is_too_early_or_too_late_to_be_sent()
    {
        foreach (var time in (DateTimeOffset[])[DateTimeOffset.MinValue, DateTimeOffset.MaxValue])
            OtlpLogs.Request([JournalCopy.Of("x", 0, (Entry("y") with { Time = time }).Bytes())], "c", "1", time).Should().NotBeEmpty();
    }

    [Fact]
    public void No_answer_of_a_collector_is_too_broken_to_be_read() =>
        Prop.ForAll<byte[]>(answer => OtlpLogs.Rejected(answer) is var _).QuickCheckThrowOnFailure();

    private static string Justification(string message) =>
        JsonNode.Parse(message[(message.IndexOf('\uFEFF', StringComparison.Ordinal) + 1)..])!["data"]!["justification"]!.GetValue<string>();

    private static JournalEntry Entry(string justification) => new()
    {
        Id = "0b5c/1",
        Type = "dev.breakglass.grant.activated",
        Source = "breakglass-operator",
        Subject = "grants/inc-4711",
        Time = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero),
        Data = new() { Grant = "inc-4711", Justification = justification, Actor = "alice" },
    };
}
