namespace Kube.Client;

/// <summary>Times of the package's models, which are <see cref="DateTime"/>s. One of an unspecified kind is in UTC, as everywhere in the API.</summary>
internal abstract class ModelTimeConverter(string format) : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Rfc3339.Read(ref reader).UtcDateTime;

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        Rfc3339.Write(writer, value.Kind is DateTimeKind.Local ? value.ToUniversalTime() : value, format);
}
