using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kube.Client;

/// <summary>
/// Reads RFC 3339 with any number of fraction digits and writes UTC in one format. For times of our own kinds; those of the models are
/// <see cref="DateTime"/>s (<see cref="UtcConverter{T}"/>).
/// </summary>
public abstract class Rfc3339Converter(string format) : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Parse(reader.GetString() ?? throw new JsonException("a time is null"));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(format, CultureInfo.InvariantCulture));

    private static DateTimeOffset Parse(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw new JsonException($"'{text}' is not an RFC 3339 time");
}

/// <summary>Milliseconds, for our own kinds, whose instants are meant to the moment.</summary>
public sealed class MillisConverter() : Rfc3339Converter("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
