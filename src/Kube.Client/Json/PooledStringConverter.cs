namespace Kube.Client;

/// <summary>
/// Gives one string for the many times that the same short text is read: in a cache of thousands of objects most labels, reasons and names are
/// the same few. A fixed table whose places are taken over by what comes later, so that it never grows; longer texts, credentials among them,
/// are not kept.
/// </summary>
internal sealed class PooledStringConverter : JsonConverter<string>
{
    private const int Places = 8192;
    private const int Longest = 96;

    private static readonly string?[] Pool = new string?[Places];

    public override bool HandleNull => false;

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            throw new JsonException($"a string is expected, not {reader.TokenType}");
        }

        if (reader.HasValueSequence || reader.ValueIsEscaped) return reader.GetString();
        if (reader.ValueSpan.Length is 0 or > Longest || !Ascii.IsValid(reader.ValueSpan)) return reader.GetString();

        var text = reader.ValueSpan;
        var hash = new HashCode();
        hash.AddBytes(text);
        ref var place = ref Pool[unchecked((uint)hash.ToHashCode()) % Places];
        var pooled = Volatile.Read(ref place);
        if (pooled is not null && Ascii.Equals(text, pooled)) return pooled;
        pooled = Encoding.ASCII.GetString(text);
        Volatile.Write(ref place, pooled);
        return pooled;
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader, typeToConvert, options)!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);
}
