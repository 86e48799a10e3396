using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>A label selector and a field selector as they stand in a query string.</summary>
internal sealed class Selectors
{
    private readonly List<Func<IReadOnlyDictionary<string, string>, bool>> _labels = [];
    private readonly List<Func<JsonObject, bool>> _fields = [];

    public bool IsEmpty => _labels.Count == 0 && _fields.Count == 0;

    public static Selectors Parse(ResourceDefinition r, string? labels, string? fields)
    {
        var selectors = new Selectors();
        foreach (var term in SplitTerms(labels ?? "")) selectors._labels.Add(Label(term));
        foreach (var term in SplitTerms(fields ?? "")) selectors._fields.Add(Field(r, term));
        return selectors;
    }

    public bool Match(JsonObject o)
    {
        if (_fields.Any(f => !f(o))) return false;
        if (_labels.Count == 0) return true;
        var labels = o.Labels();
        return _labels.All(l => l(labels));
    }

    private static Func<IReadOnlyDictionary<string, string>, bool> Label(string term)
    {
        if (term.EndsWith(')'))
        {
            var open = term.IndexOf('(', StringComparison.Ordinal);
            var words = open < 0 ? [] : term[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 2) throw Unable(term);
            var values = term[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries).ToHashSet();
            return words[1] switch
            {
                "in" => labels => labels.TryGetValue(words[0], out var v) && values.Contains(v),
                "notin" => labels => !labels.TryGetValue(words[0], out var v) || !values.Contains(v),
                _ => throw Unable(term),
            };
        }

        if (Split(term, "!=") is var (notKey, notValue)) return labels => !labels.TryGetValue(notKey, out var v) || v != notValue;
        if ((Split(term, "==") ?? Split(term, "=")) is var (key, value)) return labels => labels.TryGetValue(key, out var v) && v == value;
        if (term.StartsWith('!')) return labels => !labels.ContainsKey(term[1..].Trim());
        return term.Contains(' ') ? throw Unable(term) : labels => labels.ContainsKey(term);
    }

    private static Func<JsonObject, bool> Field(ResourceDefinition r, string term)
    {
        var not = Split(term, "!=");
        var (field, value) = not ?? Split(term, "==") ?? Split(term, "=") ?? throw ApiException
            .BadRequest($"invalid selector: '{term}'; can't understand '{term}'");
        var known = field is "metadata.name" or "metadata.namespace"
            || (field, r.Plural) is ("type", "secrets") or ("status.phase", "namespaces") or ("regarding.kind" or "regarding.name", "events");
        if (!known) throw ApiException.BadRequest($"field label not supported: {field}");
        var path = field.Split('.');
        return o => o.Text(path) == value == not is null;
    }

    private static (string Key, string Value)? Split(string term, string op)
    {
        var at = term.IndexOf(op, StringComparison.Ordinal);
        return at < 0 ? null : (term[..at].Trim(), term[(at + op.Length)..].Trim());
    }

    private static IEnumerable<string> SplitTerms(string selector)
    {
        int depth = 0, start = 0;
        for (var i = 0; i <= selector.Length; i++)
        {
            if (i < selector.Length && selector[i] == '(') depth++;
            if (i < selector.Length && selector[i] == ')') depth--;
            if (i < selector.Length && (selector[i] != ',' || depth > 0)) continue;
            var term = selector[start..i].Trim();
            start = i + 1;
            if (term.Length > 0) yield return term;
        }
    }

    private static ApiException Unable(string term) => ApiException.BadRequest($"unable to parse requirement: {term}");
}
