namespace Kube.Client;

/// <summary>What is said of an object that cannot be read.</summary>
internal static class Decoding
{
    /// <summary>What a JSON contract or a converter throws over a value it cannot take.</summary>
    public static bool IsDecodeError(Exception e) =>
        e is JsonException or FormatException or InvalidOperationException or NotSupportedException or ArgumentException or OverflowException;

    /// <summary><c>namespace/name</c> of an object; null where that much cannot be read.</summary>
    public static string? KeyOf(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var element = document.RootElement;
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("metadata", out var meta)) return null;
            if (Text(meta, "name") is not { } name) return null;
            return Text(meta, "namespace") is { Length: > 0 } ns ? $"{ns}/{name}" : name;
        }
        catch (Exception e) when (IsDecodeError(e))
        {
            return null;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
