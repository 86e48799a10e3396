using System.Text.Json;
using Kube.Model;

namespace Kube.Client;

/// <summary>Reads a list item by item, so that one that cannot be read does not cost the others.</summary>
internal static class LenientList
{
    public static async ValueTask<KubeList<T>> ReadAsync<T>(HttpResponseMessage response, Action<SkippedObject>? skipped, CancellationToken cancellationToken)
        where T : class, IKubeResource<T>
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            using var document = await JsonDocument.ParseAsync(stream, default, cancellationToken);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("items", out var array)) throw new JsonException("a list without items");
            var items = new List<T>();
            foreach (var element in array.ValueKind == JsonValueKind.Array ? array.EnumerateArray() : default)
            {
                try
                {
                    if (element.Deserialize(T.Json) is { } item) items.Add(item);
                }
                catch (Exception e) when (IsDecodeError(e))
                {
                    skipped?.Invoke(new SkippedObject(T.Resource.ToString(), KeyOf(element), e));
                }
            }

            return new KubeList<T> { Metadata = MetadataOf(root), Items = items };
        }
    }

    /// <summary>What a JSON contract or a converter throws over a value it cannot take.</summary>
    public static bool IsDecodeError(Exception e) =>
        e is JsonException or FormatException or InvalidOperationException or NotSupportedException or ArgumentException or OverflowException;

    public static string? KeyOf(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("metadata", out var meta) || Text(meta, "name") is not { } name) return null;
        return Text(meta, "namespace") is { Length: > 0 } ns ? $"{ns}/{name}" : name;
    }

    private static ListMeta MetadataOf(JsonElement root)
    {
        if (!root.TryGetProperty("metadata", out var meta)) return new ListMeta();
        return new ListMeta
        {
            ResourceVersion = Text(meta, "resourceVersion"),
            Continue = Text(meta, "continue"),
        };
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
