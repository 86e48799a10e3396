using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Journal;
using BreakGlass.Gateway.Recording;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Recording;

/// <summary>What happens in a stream becomes an asciicast of version 2, in parts that are not too large.</summary>
public sealed class CastTests
{
    private static readonly DateTimeOffset s_start = new(2026, 11, 30, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_shell_in_a_terminal_is_an_asciicast_of_its_size()
    {
        var euro = Encoding.UTF8.GetBytes("€");
        Golden.Check(
            Record(
                [
                    Cast.Taped(0.25, 4, """{"Width":200,"Height":30}"""),
                    Cast.Taped(0.5, 1, "\u001b[1m/ # \u001b[0m"),
                    Cast.Taped(1.000001, 0, "ls \"a\\b\"\r"),
                    Cast.Taped(1.5, 1, [.. "price "u8, euro[0]]),
                    Cast.Taped(1.75, 2, "stderr is its own text\n"),
                    Cast.Taped(2, 1, [.. euro[1..], 0xFF, .. " 𝄞\r\n"u8]),
                    Cast.Taped(3, 4, """{"Width":80,"Height":24}{"Width":81,"Height":25}"""),
                    Cast.Taped(4, 4, "not a size"),
                    Cast.Taped(5, 3, """{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}"""),
                ],
                new(TimeSpan.FromSeconds(6), null, 0)),
            "shell.cast");
    }

    [Fact]
    public void A_stream_without_a_terminal_has_a_usual_size_and_says_why_it_was_cut_and_what_is_missing()
    {
        Golden.Check(
            Record(
                [
                    Cast.Taped(0.5, 1, "before"),
                    Cast.Taped(1, 1, [0xE2, 0x82]),
                    Cast.Taped(1.5, 1, "after", missing: 4096),
                    Cast.Taped(1.5, 4, """{"Width":100,"Height":50}"""),
                ],
                new(TimeSpan.FromSeconds(2), "the grant inc-4711 is revoked: done.\nTo get access again …", 17)),
            "cut.cast");
    }

    [Theory]
    [InlineData("v4.channel.k8s.io", """{"metadata":{},"status":"Success"}""", "exit status: 0")]
    [InlineData("v5.channel.k8s.io", """{"status":"Failure","message":"the pod is gone"}""", "error: the pod is gone")]
    [InlineData("v5.channel.k8s.io", "no JSON", "error: no JSON")]
    [InlineData("v5.channel.k8s.io", "[]", "error: []")]
    [InlineData("channel.k8s.io", "text\nof the first version", "error: text of the first version")]
    public void The_error_channel_is_a_marker(string protocol, string message, string marker) => Cast.Events(
        Cast.Text(new CastEncoder(new("exec", s_start, ChannelMessage.HasStatus(protocol)))
            .Encode([Cast.Taped(1, 3, message)], new(TimeSpan.FromSeconds(1), null, 0)).Select(p => p.Content))).Should().Equal((1, "m", marker));

    [Fact]
    public void A_stream_in_which_nothing_happened_has_a_header_and_its_end_is_a_part_of_its_own()
    {
        var encoder = Encoder();
        var last = encoder.Encode([], new(TimeSpan.FromSeconds(1), null, 0)).Should().ContainSingle().Subject;
        (last.Number, last.IsLast).Should().Be((0, true));
        Cast.Events(Cast.Text([last.Content])).Should().BeEmpty();

        encoder = Encoder();
        encoder.Encode([], null).Should().BeEmpty("there is nothing to store");
        encoder.Encode([Cast.Taped(1, 1, "x")], null).Should().ContainSingle().Which.IsLast.Should().BeFalse();
        last = encoder.Encode([], new(TimeSpan.FromSeconds(2), null, 0)).Should().ContainSingle().Subject;
        (last.Number, last.IsLast, last.EndsAfter).Should().Be((1, true, TimeSpan.FromSeconds(2)));
        last.Content.AsSpan().StartsWith((byte[])[0x1F, 0x8B]).Should().BeTrue("it is a gzip file, though an empty one");
        Cast.Text([last.Content]).Should().BeEmpty();
    }

    [Fact]
    public void Parts_are_never_too_large_and_a_large_message_is_in_several()
    {
        var noise = RandomNumberGenerator.GetBytes(5_000_000);
        var parts = Encoder().Encode([Cast.Taped(1, 1, noise), Cast.Taped(2, 1, noise)], new(TimeSpan.FromSeconds(3), "over", 0)).ToList();
        parts.Should().HaveCountGreaterThan(4);
        parts.Should().OnlyContain(p => p.Content.Length <= RecordingFile.MostBytes && p.Content.Length > 0);
        parts.SkipLast(1).Average(p => p.Content.Length).Should().BeGreaterThan(RecordingFile.MostBytes / 2, "a part is not closed long before it is full");
        parts.Select(p => p.Number).Should().Equal(Enumerable.Range(0, parts.Count));
        parts.Select(p => p.IsLast).Should().Equal(parts.Select((_, i) => i == parts.Count - 1));
        var cast = Cast.Text(parts.Select(p => p.Content));
        Cast.TextOf(cast, "o").Should().Be(Encoding.UTF8.GetString([.. noise, .. noise]));
        Cast.Events(cast)[^1].Should().Be((3, "m", "ended: over"));

        var text = Encoder().Encode([Cast.Taped(1, 1, new string('a', 20_000_000))], null).ToList();
        text.Should().ContainSingle("what can be compressed fits into one part");
    }

    [Fact]
    public void After_something_that_is_missing_another_part_begins_that_says_how_much()
    {
        var encoder = Encoder();
        var parts = encoder.Encode([Cast.Taped(1, 1, "a"), Cast.Taped(2, 1, "b", missing: 10), Cast.Taped(3, 1, "c")], null)
            .Concat(encoder.Encode([Cast.Taped(4, 1, "d", missing: 3)], new(TimeSpan.FromSeconds(5), null, 7))).ToList();
        parts.Select(p => (p.Number, p.Missing, p.IsLast)).Should().Equal((0, 0, false), (1, 10, false), (2, 3, false), (3, 7, true));
        var cast = Cast.Text(parts.Select(p => p.Content));
        Cast.Events(cast).Where(e => e.Code == "m").Select(e => (e.At, e.Data)).Should()
            .Equal((2, "not recorded: 10 bytes"), (4, "not recorded: 3 bytes"), (5, "not recorded: 7 bytes"));
    }

    [Fact]
    public void Any_bytes_split_in_any_way_over_messages_and_parts_are_the_decoded_text_in_order()
    {
        // Bytes that often begin a character and do not complete it.
        var bytes = Gen.Elements<byte>(
            0x00, 0x1B, (byte)'"', (byte)'\\', (byte)'a', 0x7F, 0x80, 0xBF, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9D, 0x84, 0x9E, 0xED, 0xA0, 0xFF).ArrayOf();
        var messages = Gen.Zip(Gen.Choose(0, 2), bytes).Select(m => (Channel: (byte)m.Item1, Data: m.Item2)).ListOf();
        var splits = Gen.Zip(messages, Gen.Choose(1, 5)).ToArbitrary();
        Prop.ForAll(splits, split =>
        {
            var (encoder, parts) = (Encoder(), new List<CastPart>());
            var taped = split.Item1.Select((m, i) => Cast.Taped(i, m.Channel, m.Data)).ToList();
            foreach (var batch in taped.Chunk(split.Item2)) parts.AddRange(encoder.Encode(batch, null));
            parts.AddRange(encoder.Encode([], new(TimeSpan.FromSeconds(taped.Count), null, 0)));

            var cast = Cast.Text(parts.Select(p => p.Content));
            Cast.Events(cast).Select(e => e.At).Should().BeInAscendingOrder();
            Cast.TextOf(cast, "i").Should().Be(Decoded(split.Item1.Where(m => m.Channel == 0)));

            // The two outputs are decoded on their own, and are in the order in which they came.
            var (output, errors) = (Decoded(split.Item1.Where(m => m.Channel == 1)), Decoded(split.Item1.Where(m => m.Channel == 2)));
            if (errors.Length == 0) Cast.TextOf(cast, "o").Should().Be(output);
            else Cast.TextOf(cast, "o").Order().Should().Equal((output + errors).Order());
            parts.Select(p => p.Number).Should().Equal(Enumerable.Range(0, parts.Count));
        }).QuickCheckThrowOnFailure();
    }

    private static string Decoded(IEnumerable<(byte Channel, byte[] Data)> messages) => Encoding.UTF8.GetString([.. messages.SelectMany(m => m.Data)]);

    private static CastEncoder Encoder() => new(new("exec -n payments web -- sh", s_start, hasStatus: true));

    private static string Record(IReadOnlyList<TapedMessage> messages, TapeEnd end) => Cast.Text(Encoder().Encode(messages, end).Select(p => p.Content));
}
