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

/// <summary>Times of our own kinds, in one of the forms of <see cref="Rfc3339"/>.</summary>
public abstract class Rfc3339Converter(string format) : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Rfc3339.Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => Rfc3339.Write(writer, value.UtcDateTime, format);
}

/// <summary>Milliseconds.</summary>
public sealed class MillisConverter() : Rfc3339Converter(Rfc3339.Millis);

/// <summary>Times of the package's models, which are <see cref="DateTime"/>s. One of an unspecified kind is in UTC, as everywhere in the API.</summary>
internal abstract class ModelTimeConverter(string format) : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Rfc3339.Read(ref reader).UtcDateTime;

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        Rfc3339.Write(writer, value.Kind is DateTimeKind.Local ? value.ToUniversalTime() : value, format);
}

/// <summary>meta/v1 Time: every time of the package's models that is not named in <see cref="ModelHabits"/>.</summary>
internal sealed class WholeSecondsConverter() : ModelTimeConverter(Rfc3339.Seconds);

/// <summary>meta/v1 MicroTime.</summary>
internal sealed class MicroTimeConverter() : ModelTimeConverter(Rfc3339.Micros)
{
    public static MicroTimeConverter Instance { get; } = new();
}

/// <summary>A MicroTime that may be missing.</summary>
internal sealed class MicroTimeOrNullConverter : JsonConverter<DateTime?>
{
    public override DateTime? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType is JsonTokenType.Null ? null : MicroTimeConverter.Instance.Read(ref reader, typeof(DateTime), options);

    public override void Write(Utf8JsonWriter writer, DateTime? value, JsonSerializerOptions options)
    {
        if (value is { } time) MicroTimeConverter.Instance.Write(writer, time, options);
        else writer.WriteNullValue();
    }
}
