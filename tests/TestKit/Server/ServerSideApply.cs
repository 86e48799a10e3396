using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>
/// Server-side apply, good enough for a controller that owns what it applies: what a manager applied and no longer names is
/// taken away again, fields of other appliers conflict unless forced. Lists are atomic but for the few that are maps or sets
/// in the schema: ownerReferences (by uid), conditions (by type), finalizers.
/// </summary>
internal sealed class ServerSideApply
{
    private readonly Dictionary<(string Uid, string Subresource), Dictionary<string, JsonObject>> _applied = [];

    /// <summary>The object after <paramref name="manager"/> has applied <paramref name="patch"/> over <paramref name="live"/>.</summary>
    public JsonObject Merge(JsonObject live, JsonObject patch, string manager, bool force, string subresource)
    {
        var mine = Intent(patch, subresource);
        var managers = Managers(live.Uid(), subresource);
        foreach (var (other, theirs) in managers.Where(m => m.Key != manager))
        {
            if (!force && Conflict(theirs, mine, "") is { } field)
            {
                throw ApiException.ApplyConflict($"Apply failed with 1 conflict: conflict with \"{other}\": {field}",
                    new FieldError("FieldManagerConflict", field, $"conflict with \"{other}\""));
            }
        }

        var result = live.Clone();
        if (managers.GetValueOrDefault(manager) is { } before)
        {
            TakeAway(result, before, mine, [.. managers.Where(m => m.Key != manager).Select(m => (JsonNode?)m.Value)]);
        }

        Lay(result, mine);
        return result;
    }

    /// <summary>Remembers what a manager applied, once the write has happened.</summary>
    public void Remember(JsonObject stored, JsonObject patch, string manager, string subresource) =>
        Managers(stored.Uid(), subresource)[manager] = Intent(patch, subresource);

    private Dictionary<string, JsonObject> Managers(string uid, string subresource)
    {
        if (_applied.TryGetValue((uid, subresource), out var managers)) return managers;
        return _applied[(uid, subresource)] = [];
    }

    private static JsonObject Intent(JsonObject patch, string subresource)
    {
        if (subresource == "status") return patch["status"] is { } status ? new JsonObject { ["status"] = status.DeepClone() } : [];
        var intent = patch.Clone();
        foreach (var field in new[] { "apiVersion", "kind" }) intent.Remove(field);
        foreach (var field in new[] { "name", "namespace", "uid", "resourceVersion", "managedFields", "creationTimestamp", "generation" })
            (intent["metadata"] as JsonObject)?.Remove(field);
        return intent;
    }

    private static void Lay(JsonObject target, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is JsonObject child && target[key] is JsonObject have) Lay(have, child);
            else if (value is JsonArray list && target[key] is JsonArray old && MapKey(key) is { } id) target[key] = LayList(old, list, id);
            else target[key] = value?.DeepClone();
        }
    }

    private static JsonArray LayList(JsonArray old, JsonArray patch, string id)
    {
        var merged = (JsonArray)old.DeepClone();
        foreach (var item in patch)
        {
            var at = IndexOf(merged, item, id);
            if (at < 0) merged.Add(item?.DeepClone());
            else if (merged[at] is JsonObject have && item is JsonObject child) Lay(have, child);
        }

        return merged;
    }

    private static void TakeAway(JsonObject target, JsonObject before, JsonObject now, IReadOnlyList<JsonNode?> others)
    {
        foreach (var (key, value) in before)
        {
            var theirs = others.Select(o => (o as JsonObject)?[key]).Where(o => o is not null).ToList();
            if (value is JsonObject child && target[key] is JsonObject have)
            {
                TakeAway(have, child, now[key] as JsonObject ?? [], theirs);
                if (have.Count == 0 && !now.ContainsKey(key) && theirs.Count == 0) target.Remove(key);
            }
            else if (value is JsonArray list && target[key] is JsonArray items && MapKey(key) is { } id)
            {
                foreach (var item in list)
                {
                    var gone = IndexOf(now[key] as JsonArray ?? [], item, id) < 0 && theirs.OfType<JsonArray>().All(t => IndexOf(t, item, id) < 0);
                    var at = gone ? IndexOf(items, item, id) : -1;
                    if (at >= 0) items.RemoveAt(at);
                }

                if (items.Count == 0) target.Remove(key);
            }
            else if (!now.ContainsKey(key) && theirs.Count == 0)
            {
                target.Remove(key);
            }
        }
    }

    private static string? Conflict(JsonNode? theirs, JsonNode? mine, string path)
    {
        if (theirs is JsonObject a && mine is JsonObject b)
        {
            return b.Where(p => a.ContainsKey(p.Key)).Select(p => Conflict(a[p.Key], p.Value, $"{path}.{p.Key}")).FirstOrDefault(c => c is not null);
        }

        return MapKey(path[(path.LastIndexOf('.') + 1)..]) is not null || Json.Same(theirs, mine) ? null : path;
    }

    private static string? MapKey(string field) => field switch { "ownerReferences" => "uid", "conditions" => "type", "finalizers" => "", _ => null };

    private static int IndexOf(JsonArray list, JsonNode? item, string id)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (id.Length == 0 ? list[i].Text() == item.Text() : list[i].Text(id) == item.Text(id)) return i;
        }

        return -1;
    }
}
