using System.Text.Encodings.Web;
using BreakGlass.Core.Rules;

namespace BreakGlass.Gateway.Recording;

/// <summary>
/// Writes what happens in a stream as lines of an asciicast of version 2 (https://docs.asciinema.org/manual/asciicast/v2/). The text of each channel is
/// decoded on its own, so that a character whose bytes come in several messages is whole, and bytes that are no character become U+FFFD.
/// </summary>
/// <param name="title">The title in the header.</param>
/// <param name="startedAt">When the stream began.</param>
/// <param name="hasStatus">Whether the error channel carries a Status.</param>
internal sealed class CastWriter(string title, DateTimeOffset startedAt, bool hasStatus)
{
    /// <summary>The most bytes of text in one event.</summary>
    public const int MostBytes = 4 * 1024;

    private const int Version = 2;
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;
    private const int LongestMarker = 1024;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly Decoder?[] _decoders = new Decoder?[ChannelMessage.ErrorOutput + 1];
    private bool _hasHeader;

    /// <summary>
    /// Writes a piece of a message; of text at most <see cref="MostBytes"/>. The lines are valid until the next call; empty if there is nothing to see yet.
    /// </summary>
    public ReadOnlySpan<byte> Write(TimeSpan at, byte channel, ReadOnlySpan<byte> data)
    {
        _lines.ResetWrittenCount();
        switch (channel)
        {
            case ChannelMessage.Input or ChannelMessage.Output or ChannelMessage.ErrorOutput:
                Text(at, channel, data, isEnd: false);
                break;
            case ChannelMessage.Size when SizeOf(data) is var (width, height):
                if (_hasHeader) Event(at, "r", string.Create(CultureInfo.InvariantCulture, $"{width}x{height}"));
                else Header(width, height);
                break;
            case ChannelMessage.Error when !data.IsEmpty:
                Event(at, "m", Marker(hasStatus ? StatusOf(data) : $"error: {Encoding.UTF8.GetString(data)}"));
                break;
            default:
                break;
        }

        return _lines.WrittenSpan;
    }

    /// <summary>Writes that something is missing here. A character that had begun before it does not go on after it.</summary>
    public ReadOnlySpan<byte> Gap(TimeSpan at, long missing)
    {
        _lines.ResetWrittenCount();
        EndText(at);
        Event(at, "m", string.Create(CultureInfo.InvariantCulture, $"not recorded: {missing} bytes"));
        return _lines.WrittenSpan;
    }

    /// <summary>Writes the end. An asciicast without events has its header at least.</summary>
    /// <param name="at">When it was.</param>
    /// <param name="why">Why the gateway cut the stream; null if it did not.</param>
    public ReadOnlySpan<byte> End(TimeSpan at, string? why)
    {
        _lines.ResetWrittenCount();
        EndText(at);
        if (why is not null) Event(at, "m", Marker($"ended: {why}"));
        if (!_hasHeader) Header(UsualWidth, UsualHeight);
        return _lines.WrittenSpan;
    }

    private void EndText(TimeSpan at)
    {
        for (byte channel = 0; channel < _decoders.Length; channel++)
        {
            if (_decoders[channel] is not null) Text(at, channel, [], isEnd: true);
            _decoders[channel] = null;
        }
    }

    private void Text(TimeSpan at, byte channel, ReadOnlySpan<byte> bytes, bool isEnd)
    {
        var decoder = _decoders[channel] ??= Encoding.UTF8.GetDecoder();
        var characters = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(bytes.Length));
        try
        {
            var count = decoder.GetChars(bytes, characters, isEnd);
            if (count > 0) Event(at, channel == ChannelMessage.Input ? "i" : "o", characters.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters, clearArray: true);
        }
    }

    private void Event(TimeSpan at, string code, ReadOnlySpan<char> text)
    {
        if (!_hasHeader) Header(UsualWidth, UsualHeight);
        using (var json = new Utf8JsonWriter(_lines, Json))
        {
            json.WriteStartArray();
            json.WriteNumberValue(at.Ticks / TimeSpan.TicksPerMicrosecond / 1_000_000m);
            json.WriteStringValue(code);
            json.WriteStringValue(text);
            json.WriteEndArray();
        }

        EndLine();
    }

    private void Header(int width, int height)
    {
        _hasHeader = true;
        using (var json = new Utf8JsonWriter(_lines, Json))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteNumber("width", width);
            json.WriteNumber("height", height);
            json.WriteNumber("timestamp", startedAt.ToUnixTimeSeconds());
            json.WriteString("title", title);
            json.WriteEndObject();
        }

        EndLine();
    }

    private void EndLine() => _lines.Write("\n"u8);

    private static string Marker(string text) => text.Length <= LongestMarker ? VisibleText.Line(text) : VisibleText.Line(text[..LongestMarker]) + "…";

    /// <summary>The size in a resize message, for example <c>{"Width":120,"Height":40}</c>; null if there is none.</summary>
    private static (int Width, int Height)? SizeOf(ReadOnlySpan<byte> message) => Read<(int, int)?>(message, static size =>
        Number(size, "Width") is { } width && Number(size, "Height") is { } height ? (width, height) : null);

    private static int? Number(JsonElement size, string name) =>
        size.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetUInt16(out var number) && number > 0
            ? number : null;

    /// <summary>What a Status says of the end of a command.</summary>
    private static string StatusOf(ReadOnlySpan<byte> message) => Read(message, StatusOf) ?? $"error: {Encoding.UTF8.GetString(message)}";

    private static string StatusOf(JsonElement status)
    {
        if (Text(status, "status") == "Success") return "exit status: 0";
        if (status.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("causes", out var causes) && causes.ValueKind == JsonValueKind.Array)
        {
            foreach (var cause in causes.EnumerateArray())
            {
                if (cause.ValueKind == JsonValueKind.Object && Text(cause, "reason") == "ExitCode") return $"exit status: {Text(cause, "message")}";
            }
        }

        return $"error: {Text(status, "message")}";
    }

    private static string? Text(JsonElement o, string name) =>
        o.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Reads an object. That its names and texts are not Unicode shows only when one of them is read.</summary>
    private static T? Read<T>(ReadOnlySpan<byte> bytes, Func<JsonElement, T?> read)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            return JsonElement.ParseValue(ref reader) is { ValueKind: JsonValueKind.Object } found ? read(found) : default;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return default;
        }
    }
}
