using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>
/// Lists with the server's semantics of resourceVersion, resourceVersionMatch, limit and continue
/// (kubernetes.io/docs/reference/using-api/api-concepts). Callers hold the store's gate.
/// </summary>
internal sealed class Lister(ObjectStore store, Func<ResourceDefinition, long?> heldAt)
{
    private const string ContinueExpired =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, "
            + "or use the " +
        "continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list.";

    public JsonObject List(ResourceDefinition r, ApiCall call, bool metadataOnly)
    {
        var query = call.Parameters;
        var selectors = Selectors.Parse(r, query["labelSelector"], query["fieldSelector"]);
        var limit = ParseNumber(query["limit"], "limit") ?? 0;
        var match = query["resourceVersionMatch"] ?? "";
        var asked = query["resourceVersion"] ?? "";
        if (match.Length > 0 && asked.Length == 0) throw ApiException.Invalid("meta.k8s.io", "ListOptions", "",
            FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));

        var revision = Revision(r, asked, match, limit, ref limit);
        StoreKey? after = null;
        if (query["continue"] is { Length: > 0 } token)
        {
            if (asked.Length > 0 && asked != "0") throw ApiException.BadRequest("specifying resource version is not allowed when using continue");
            limit = ParseNumber(query["limit"], "limit") ?? 0;
            (revision, after) = Resume(token);
        }

        var objects = revision == store.Revision ? store.All(r) : store.At(r, revision);
        var found = objects.Where(p => call.Namespace.Length == 0 || p.Key.Namespace == call.Namespace)
            .Where(p => after is null || StoreKey.Order.Compare(p.Key, after.Value) > 0)
            .Where(p => selectors.Match(p.Value));
        var page = (limit > 0 ? found.Take((int)Math.Min(limit + 1, int.MaxValue)) : found).ToList();
        var meta = new JsonObject { ["resourceVersion"] = Json.Invariant(revision) };
        if (limit > 0 && page.Count > limit)
        {
            page.RemoveAt(page.Count - 1);
            meta["continue"] = Token(revision, page[^1].Key);
            if (selectors.IsEmpty) meta["remainingItemCount"] = (long)(found.Count() - page.Count);
        }

        return new JsonObject
        {
            ["kind"] = metadataOnly ? "PartialObjectMetadataList" : $"{r.Kind}List",
            ["apiVersion"] = metadataOnly ? "meta.k8s.io/v1" : r.ApiVersion,
            ["metadata"] = meta,
            ["items"] = new JsonArray([.. page.Select(p => Item(r, p.Value, metadataOnly))]),
        };
    }

    public static long? ParseNumber(string? text, string name)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw ApiException.BadRequest($"{name}: Invalid value: \"{text}\"");
    }

    private long Revision(ResourceDefinition r, string asked, string match, long limit, ref long effectiveLimit)
    {
        switch (ParseNumber(asked, "resourceVersion"))
        {
            case null:
                return store.Revision;
            case 0:
                // Served from the watch cache, which may lag behind and knows no pages.
                effectiveLimit = 0;
                return heldAt(r) is { } held && held >= store.CompactedRevision ? held : store.Revision;
            case { } n when n > store.Revision:
                throw ApiException.TooLargeResourceVersion(n, store.Revision);
            case { } n when match == "Exact" || (match.Length == 0 && limit > 0):
                return n >= store.CompactedRevision ? n : throw ApiException.Expired("The resourceVersion for the provided list is too old.");
            default:
                return store.Revision;
        }
    }

    private static JsonNode Item(ResourceDefinition r, JsonObject o, bool metadataOnly)
    {
        if (metadataOnly) return o.MetadataOnly();
        var item = o.Clone();
        if (r.Custom) return item;
        item.Remove("kind");
        item.Remove("apiVersion");
        return item;
    }

    private (long Revision, StoreKey After) Resume(string token)
    {
        JsonNode? parsed;
        try
        {
            parsed = JsonNode.Parse(Convert.FromBase64String(token));
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException)
        {
            throw ApiException.BadRequest("invalid continue token: continue key is not valid: " + e.Message);
        }

        var after = new StoreKey(parsed.Text("ns"), parsed.Text("start"));
        var revision = parsed.Number("rv") ?? 0;
        if (revision < 0) return (store.Revision, after);
        return revision >= store.CompactedRevision ? (revision, after) : throw ApiException.Expired(ContinueExpired, Token(-1, after));
    }

    private static string Token(long revision, StoreKey last) => Convert.ToBase64String(Encoding.UTF8
        .GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = revision, ["ns"] = last.Namespace, ["start"] = last.Name }.ToJsonString()));
}
