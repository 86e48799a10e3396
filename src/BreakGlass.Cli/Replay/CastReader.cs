using System.Buffers;
using System.IO.Compression;

namespace BreakGlass.Cli.Replay;

/// <summary>
/// Reads the events of a recording, asciicast of version 2, from its parts. What it cannot read it passes over and counts: a recording is evidence, and
/// most of it is better than nothing. No more than one event is in memory.
/// </summary>
internal sealed class CastReader
{
    /// <summary>The longest line that is read. A part is unpacked without knowing how long it becomes.</summary>
    private const int LongestLine = 8 * 1024 * 1024;

    private const int LargestScreen = 1000;

    private static readonly TimeSpan Latest = TimeSpan.FromDays(365);

    private readonly List<string> _problems = [];
    private TimeSpan _last;

    /// <summary>The size of the terminal when the stream began, once the first event was read; the usual one if the recording does not say it.</summary>
    public (int Columns, int Rows) Size { get; private set; } = (80, 24);

    /// <summary>What could not be read, in sentences, once all events were read.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The events, in their order.</summary>
    public IEnumerable<CastEvent> Read(RecordedStream stream)
    {
        var line = new ArrayBufferWriter<byte>();
        var buffer = new byte[64 * 1024];
        for (var i = 0; i < stream.Recording.Parts.Count; i++)
        {
            var (part, file) = (stream.Recording.Parts[i].Part, stream.Files[i]);
            if (file is null || stream.Recording.HasGapBefore(i) || (i > 0 && stream.Files[i - 1] is null))
            {
                line.ResetWrittenCount();
                yield return new(_last, CastEvent.Gap, "");
            }

            if (file is not { } bytes) continue;
            using var unpacked = new GZipStream(new MemoryStream(bytes.ToArray(), writable: false), CompressionMode.Decompress);
            var (unread, isTooLong) = (0, false);
            for (int count; (count = TryRead(unpacked, buffer)) != 0;)
            {
                if (count < 0)
                {
                    _problems.Add($"Part {part.Part} is not gzip, or is cut off: what follows in it cannot be read.");
                    break;
                }

                for (var from = 0; from < count;)
                {
                    var length = buffer.AsSpan(from, count - from).IndexOf((byte)'\n');
                    var end = length < 0 ? count : from + length;
                    isTooLong |= line.WrittenCount + end - from > LongestLine;
                    if (!isTooLong) line.Write(buffer.AsSpan(from, end - from));
                    from = length < 0 ? count : end + 1;
                    if (length < 0) continue;
                    if (isTooLong) unread++;
                    else if (Event(line.WrittenSpan) is { } happened) yield return happened;
                    else if (!IsHeader(line.WrittenSpan)) unread++;
                    line.ResetWrittenCount();
                    isTooLong = false;
                }
            }

            if (unread > 0) _problems.Add($"{unread} lines of part {part.Part} are not events, and are not shown.");
        }

        if (line.WrittenCount == 0) yield break;
        if (Event(line.WrittenSpan) is { } last) yield return last;
        else if (!IsHeader(line.WrittenSpan)) _problems.Add("The last event is cut off.");
    }

    /// <summary>A size of the terminal as an event says it, for example 80x24; null if no terminal has it.</summary>
    public static (int Columns, int Rows)? ReadSize(string text) =>
        text.Split('x') is [var columns, var rows] && int.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            && int.TryParse(rows, NumberStyles.None, CultureInfo.InvariantCulture, out var height) && IsSize(width, height) ? (width, height) : null;

    private static bool IsSize(int columns, int rows) => columns is > 0 and <= LargestScreen && rows is > 0 and <= LargestScreen;

    private static int TryRead(Stream stream, byte[] buffer)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (InvalidDataException)
        {
            return -1;
        }
    }

    private CastEvent? Event(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType is not JsonTokenType.StartArray) return null;
            if (!reader.Read() || reader.TokenType is not JsonTokenType.Number || !reader.TryGetDouble(out var seconds)) return null;
            if (!reader.Read() || reader.TokenType is not JsonTokenType.String || reader.GetString() is not [var code]) return null;
            if (!reader.Read() || reader.TokenType is not JsonTokenType.String) return null;
            var text = reader.GetString()!;
            if (!reader.Read() || reader.TokenType is not JsonTokenType.EndArray || reader.Read()) return null;

            // Time does not go back.
            var at = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, Latest.TotalSeconds));
            _last = at > _last ? at : _last;
            return new(_last, code, text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private bool IsHeader(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty) return true;
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!JsonDocument.TryParseValue(ref reader, out var json)) return false;
            using (json)
            {
                var header = json.RootElement;
                if (header.ValueKind is not JsonValueKind.Object) return false;
                if (header.TryGetProperty("width", out var w) && w.ValueKind is JsonValueKind.Number && w.TryGetInt32(out var width)
                    && header.TryGetProperty("height", out var h) && h.ValueKind is JsonValueKind.Number && h.TryGetInt32(out var height)
                    && IsSize(width, height)) Size = (width, height);
                return true;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
