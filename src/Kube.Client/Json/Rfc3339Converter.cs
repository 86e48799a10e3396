namespace Kube.Client;

/// <summary>Times of our own kinds, in one of the forms of <see cref="Rfc3339"/>.</summary>
public abstract class Rfc3339Converter(string format) : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Rfc3339.Read(ref reader);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => Rfc3339.Write(writer, value.UtcDateTime, format);
}
