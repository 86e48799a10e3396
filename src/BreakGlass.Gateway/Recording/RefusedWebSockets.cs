using System.Collections.Concurrent;
using BreakGlass.Gateway.Admission;

namespace BreakGlass.Gateway.Recording;

/// <summary>
/// Which WebSockets the API server did not accept a moment ago. kubectl then tries SPDY, which is refused: the sentence must say what the API server said.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class RefusedWebSockets(TimeProvider time)
{
    private const int Most = 1000;
    private const int LongestMessage = 2048;

    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Grant, string Path), (long At, Refusal Why)> _refused = new();

    /// <summary>Remembers the answer to a WebSocket that was not accepted.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="path">The path of the request.</param>
    /// <param name="code">The status code of the answer.</param>
    /// <param name="body">Its body.</param>
    public void Add(string grant, string path, int code, ReadOnlySpan<byte> body)
    {
        if (_refused.Count >= Most) _refused.Clear();

        // A server that does not know the subprotocol answers without a Status.
        var message = MessageOf(body);
        _refused[(grant, path)] = (time.GetTimestamp(), message is null
            ? RecordingRules.Refuse(RecordingRules.ServerLacksWebSocket) : new(RefusalReasons.Upgrade, code, message));
    }

    /// <summary>Why the WebSocket was refused whose place a request over SPDY takes; null if there was none.</summary>
    public Refusal? Find(string grant, string path) =>
        _refused.TryRemove((grant, path), out var found) && time.GetElapsedTime(found.At) <= Remembered ? found.Why : null;

    /// <summary>The message of a Status; null if the text is something else.</summary>
    private static string? MessageOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var json = JsonDocument.ParseValue(ref reader);
            return json.RootElement is { ValueKind: JsonValueKind.Object } status && status.TryGetProperty("kind", out var kind) && kind.ValueEquals("Status")
                && status.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String
                && message.GetString() is { Length: > 0 } text ? text[..Math.Min(text.Length, LongestMessage)] : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
