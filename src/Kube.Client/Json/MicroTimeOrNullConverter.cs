namespace Kube.Client;

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
