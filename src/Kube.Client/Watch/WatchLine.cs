namespace Kube.Client;

/// <summary>One line of a watch, split into its type and the bytes of its object (meta/v1 WatchEvent).</summary>
internal readonly record struct WatchLine(string? Type, ReadOnlyMemory<byte> Object)
{
    /// <exception cref="JsonException">The line is not an object with a type.</exception>
    public static WatchLine Split(ReadOnlyMemory<byte> line)
    {
        var reader = new Utf8JsonReader(line.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("a watch event is not a JSON object");
        string? type = null;
        ReadOnlyMemory<byte> obj = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.TokenType is JsonTokenType.String ? reader.GetString() : null;
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                obj = line[start..(int)reader.BytesConsumed];
            }
            else
            {
                reader.Skip();
            }
        }

        return new WatchLine(type, obj);
    }

    public T Decode<T>(JsonTypeInfo<T> json)
        where T : class =>
        JsonSerializer.Deserialize(Object.Span, json) ?? throw new JsonException("a watch event has no object");
}
