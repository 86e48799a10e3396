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
                type = TypeOf(ref reader);
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

    /// <summary>The usual types without a new string for each event.</summary>
    private static string? TypeOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) return null;
        if (reader.ValueTextEquals("ADDED"u8)) return "ADDED";
        if (reader.ValueTextEquals("MODIFIED"u8)) return "MODIFIED";
        if (reader.ValueTextEquals("DELETED"u8)) return "DELETED";
        if (reader.ValueTextEquals("BOOKMARK"u8)) return "BOOKMARK";
        return reader.GetString();
    }
}
