using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BreakGlass.Gateway.Recording;

namespace BreakGlass.Gateway.Tests.Recording;

/// <summary>Reading what was recorded.</summary>
internal static class Cast
{
    /// <summary>The parts unpacked, one after another.</summary>
    public static string Text(IEnumerable<byte[]> parts)
    {
        var text = new MemoryStream();
        foreach (var part in parts)
        {
            using var gzip = new GZipStream(new MemoryStream(part), CompressionMode.Decompress);
            gzip.CopyTo(text);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    /// <summary>The events of an asciicast, whose header must be its first line and its only one.</summary>
    public static IReadOnlyList<(double At, string Code, string Data)> Events(string cast)
    {
        var lines = cast.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (JsonDocument.Parse(lines[0]).RootElement.GetProperty("version").GetInt32() != 2) throw new FormatException(lines[0]);
        return [.. lines.Skip(1).Select(line => JsonDocument.Parse(line).RootElement).Select(e => (e[0].GetDouble(), e[1].GetString()!, e[2].GetString()!))];
    }

    /// <summary>All text of a code.</summary>
    public static string TextOf(string cast, string code) => string.Concat(Events(cast).Where(e => e.Code == code).Select(e => e.Data));

    /// <summary>A message that happened after some seconds.</summary>
    public static TapedMessage Taped(double seconds, byte channel, byte[] data, long missing = 0) =>
        new(TimeSpan.FromSeconds(seconds), channel, data, missing);

    /// <summary>The same with text.</summary>
    public static TapedMessage Taped(double seconds, byte channel, string text, long missing = 0) =>
        Taped(seconds, channel, Encoding.UTF8.GetBytes(text), missing);

    /// <summary>A value of a query.</summary>
    public static string? Of(this Uri uri, string name)
    {
        foreach (var pair in uri.OriginalString[(uri.OriginalString.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('&'))
        {
            if (pair.StartsWith($"{name}=", StringComparison.Ordinal)) return Uri.UnescapeDataString(pair[(name.Length + 1)..]);
        }

        return null;
    }

    /// <summary>A number of a query.</summary>
    public static long NumberOf(this Uri uri, string name) => long.Parse(uri.Of(name)!, CultureInfo.InvariantCulture);
}
