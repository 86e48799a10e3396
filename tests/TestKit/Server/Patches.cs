using System.Globalization;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>JSON merge patch (RFC 7386) and JSON patch (RFC 6902).</summary>
internal static class Patches
{
    public static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes) return patch?.DeepClone();
        var result = target is JsonObject o ? o.Clone() : [];
        foreach (var (key, value) in changes)
        {
            if (value is null) result.Remove(key);
            else result[key] = Merge(result[key], value);
        }

        return result;
    }

    public static JsonObject Apply(JsonObject target, JsonArray operations)
    {
        JsonNode root = target.DeepClone();
        foreach (var operation in operations)
        {
            var path = Pointer(operation.Text("path"));
            switch (operation.Text("op"))
            {
                case "test":
                    if (!Json.Same(Get(root, path), operation?["value"])) throw ApiException.UnprocessablePatch();
                    break;
                case "add":
                    Put(root, path, operation?["value"]?.DeepClone(), insert: true);
                    break;
                case "replace":
                    Require(root, path);
                    Put(root, path, operation?["value"]?.DeepClone(), insert: false);
                    break;
                case "remove":
                    Require(root, path);
                    Remove(root, path);
                    break;
                case "copy" or "move":
                    var from = Pointer(operation.Text("from"));
                    Require(root, from);
                    var value = Get(root, from)?.DeepClone();
                    if (operation.Text("op") == "move") Remove(root, from);
                    Put(root, path, value, insert: true);
                    break;
                default:
                    throw ApiException.UnprocessablePatch();
            }
        }

        return root as JsonObject ?? throw ApiException.UnprocessablePatch();
    }

    private static string[] Pointer(string path)
    {
        if (path.Length == 0) return [];
        if (path[0] != '/') throw ApiException.UnprocessablePatch();
        return [.. path[1..].Split('/').Select(s => s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static JsonNode? Get(JsonNode? node, ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = node switch
            {
                JsonObject o => o[step],
                JsonArray a when Index(a, step) is { } i && i < a.Count => a[i],
                _ => null,
            };
        }

        return node;
    }

    private static void Require(JsonNode root, string[] path)
    {
        var there = Get(root, path.AsSpan(0, Math.Max(0, path.Length - 1))) switch
        {
            JsonObject o => path.Length > 0 && o.ContainsKey(path[^1]),
            JsonArray a => Index(a, path[^1]) is { } i && i < a.Count,
            _ => false,
        };
        if (!there) throw ApiException.UnprocessablePatch();
    }

    private static void Put(JsonNode root, string[] path, JsonNode? value, bool insert)
    {
        if (path.Length == 0) throw ApiException.UnprocessablePatch();
        switch (Get(root, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject o:
                o[path[^1]] = value;
                break;
            case JsonArray a when path[^1] == "-" && insert:
                a.Add(value);
                break;
            case JsonArray a when Index(a, path[^1]) is { } i && i <= a.Count:
                if (insert) a.Insert(i, value);
                else a[i] = value;
                break;
            default:
                throw ApiException.UnprocessablePatch();
        }
    }

    private static void Remove(JsonNode root, string[] path)
    {
        if (Get(root, path.AsSpan(0, path.Length - 1)) is JsonArray a) a.RemoveAt(Index(a, path[^1])!.Value);
        else ((JsonObject)Get(root, path.AsSpan(0, path.Length - 1))!).Remove(path[^1]);
    }

    private static int? Index(JsonArray array, string step) =>
        int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : step == "-" ? array.Count : null;
}
