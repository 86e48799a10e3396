using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kube.Client;

/// <summary>
/// Reads RFC 3339 with any number of fraction digits as UTC, and writes UTC with a fixed number of them. A time of an unspecified kind is taken as UTC. Kubernetes has two
/// forms: meta/v1 Time with whole seconds, and MicroTime with six digits.
/// </summary>
internal abstract class UtcConverter<T>(string format) : JsonConverter<T>
{
    protected static DateTime Parse(ref Utf8JsonReader reader)
    {
        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        var text = reader.TokenType is JsonTokenType.String ? reader.GetString() : throw new JsonException($"a time is expected, not {reader.TokenType}");
        return DateTime.TryParse(text, CultureInfo.InvariantCulture, styles, out var time) ? time : throw new JsonException($"'{text}' is not an RFC 3339 time");
    }

    protected void Write(Utf8JsonWriter writer, DateTime value)
    {
        var utc = value.Kind is DateTimeKind.Local ? value.ToUniversalTime() : value;
        writer.WriteStringValue(utc.ToString(format, CultureInfo.InvariantCulture));
    }
}

/// <summary>meta/v1 Time: whole seconds. Every time of the package's models that is not named in <see cref="ModelHabits"/>.</summary>
internal sealed class WholeSecondsConverter() : UtcConverter<DateTime>("yyyy-MM-dd'T'HH:mm:ss'Z'")
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => Write(writer, value);
}

/// <summary>meta/v1 MicroTime: six digits always, because API servers refuse one without.</summary>
internal sealed class SixDigitsConverter() : UtcConverter<DateTime>(SixDigitsOrNullConverter.Format)
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => Write(writer, value);
}

/// <summary>The same where there may be none.</summary>
internal sealed class SixDigitsOrNullConverter() : UtcConverter<DateTime?>(Format)
{
    public const string Format = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    public override DateTime? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType is JsonTokenType.Null ? null : Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTime? value, JsonSerializerOptions options)
    {
        if (value is { } time) Write(writer, time);
        else writer.WriteNullValue();
    }
}
