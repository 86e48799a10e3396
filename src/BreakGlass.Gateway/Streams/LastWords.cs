using System.Net.WebSockets;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Proxying;

namespace BreakGlass.Gateway.Streams;

/// <summary>
/// What a person in a shell reads when the grant ends: a line on the terminal, and the Status that makes kubectl end with the same sentence.
/// </summary>
internal static class LastWords
{
    /// <summary>A Close frame holds 125 bytes, two of them for the code.</summary>
    public const int LongestReason = 123;

    private const byte Output = 1;
    private const byte ErrorOutput = 2;
    private const byte Error = 3;

    /// <summary>Where they are said: the channels of an exec or attach. Everything else has no channel for them.</summary>
    /// <param name="path">The path of the request.</param>
    /// <param name="query">Its query.</param>
    /// <param name="protocol">The subprotocol that was chosen.</param>
    public static LastWordsPlaces Places(string path, IQueryCollection query, string? protocol)
    {
        var isShell = path.Contains("/pods/", StringComparison.Ordinal)
            && (path.EndsWith("/exec", StringComparison.Ordinal) || path.EndsWith("/attach", StringComparison.Ordinal));
        if (!isShell || protocol is not ("v5.channel.k8s.io" or "v4.channel.k8s.io" or "channel.k8s.io" or "v4.base64.channel.k8s.io"
            or "base64.channel.k8s.io"))
            return default;

        // A terminal has one output, and clients do not read the other one then.
        byte? line = IsOn(query, "stderr") && !IsOn(query, "tty") ? ErrorOutput : IsOn(query, "stdout") ? Output : IsOn(query, "stderr") ? ErrorOutput : null;
        return new(line, HasStatus: protocol[0] == 'v', IsText: protocol.Contains("base64", StringComparison.Ordinal));
    }

    /// <summary>The messages.</summary>
    public static IReadOnlyList<byte[]> Messages(LastWordsPlaces places, Refusal why)
    {
        var messages = new List<byte[]>();
        if (places.Line is { } channel) messages.Add(On(channel, Encoding.UTF8.GetBytes($"\r\nbreakglass: {why.Message}\r\n"), places.IsText));
        if (places.HasStatus) messages.Add(On(Error, StatusAnswer.Json(why), places.IsText));
        return messages;
    }

    /// <summary>The type of the messages.</summary>
    public static WebSocketMessageType TypeOf(LastWordsPlaces places) => places.IsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary;

    /// <summary>The reason in the Close frame: as much of the sentence as fits.</summary>
    public static string CloseReason(Refusal why)
    {
        var text = $"breakglass: {why.Message}";
        if (Encoding.UTF8.GetByteCount(text) <= LongestReason) return text;
        var shortened = new StringBuilder();
        var bytes = Encoding.UTF8.GetByteCount("…");
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > LongestReason) break;
            shortened.Append(rune.ToString());
        }

        return shortened.Append('…').ToString();
    }

    private static byte[] On(byte channel, byte[] text, bool isText) => isText
        ? [(byte)('0' + channel), .. Encoding.ASCII.GetBytes(Convert.ToBase64String(text))] : [channel, .. text];

    private static bool IsOn(IQueryCollection query, string name) => query[name] is [{ } value] && value is "true" or "1";
}
