using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>Short ways to the fields of an object that every rule asks for.</summary>
internal static class Json
{
    public static JsonObject Clone(this JsonObject o) => (JsonObject)o.DeepClone();

    public static JsonObject Meta(this JsonObject o)
    {
        if (o["metadata"] is JsonObject meta) return meta;
        meta = [];
        o["metadata"] = meta;
        return meta;
    }

    /// <summary>The text at a path of property names, or an empty string.</summary>
    public static string Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? value.TryGetValue<long>(out var number) ? number : value.TryGetValue<int>(out var small) ? small : null
            : null;

    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    public static IReadOnlyList<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonArray array ? [.. array.Select(v => v.Text())] : [];

    public static IReadOnlyList<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        At(node, path) is JsonArray array ? [.. array.OfType<JsonObject>()] : [];

    public static IReadOnlyDictionary<string, string> Labels(this JsonObject o) => o.Map("labels");

    public static IReadOnlyDictionary<string, string> Map(this JsonObject o, string metadataField) =>
        o["metadata"]?[metadataField] is JsonObject map ? map.ToDictionary(p => p.Key, p => p.Value.Text()) : [];

    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (node is not JsonObject o) return null;
            node = o[name];
        }

        return node;
    }

    public static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(a, b);

    public static string Name(this JsonObject o) => o.Text("metadata", "name");

    public static string Namespace(this JsonObject o) => o.Text("metadata", "namespace");

    public static string Uid(this JsonObject o) => o.Text("metadata", "uid");

    public static bool IsDeleting(this JsonObject o) => o.Text("metadata", "deletionTimestamp").Length > 0;

    public static string Seconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Invariant(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The same object as <c>PartialObjectMetadata</c>.</summary>
    public static JsonObject MetadataOnly(this JsonObject o) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = o["metadata"]?.DeepClone(),
    };
}
