namespace Kube.Client;

/// <summary>
/// Times on the wire: RFC 3339, read with any number of fraction digits and any offset, written in UTC with a fixed number of digits. Kubernetes has two
/// forms: meta/v1 Time with whole seconds, and MicroTime with six digits. The kinds of this product also have milliseconds.
/// </summary>
public static class Rfc3339
{
    /// <summary>meta/v1 Time.</summary>
    public const string Seconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>For instants of our own kinds that are meant to the moment.</summary>
    public const string Millis = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>meta/v1 MicroTime. Always six digits, because API servers refuse a MicroTime without.</summary>
    public const string Micros = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    internal static DateTimeOffset Read(ref Utf8JsonReader reader)
    {
        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        var text = reader.TokenType is JsonTokenType.String ? reader.GetString() : throw new JsonException($"a time is expected, not {reader.TokenType}");
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, styles, out var time)
            ? time
            : throw new JsonException($"'{text}' is not an RFC 3339 time");
    }

    internal static void Write(Utf8JsonWriter writer, DateTime utc, string format) =>
        writer.WriteStringValue(utc.ToString(format, CultureInfo.InvariantCulture));
}
