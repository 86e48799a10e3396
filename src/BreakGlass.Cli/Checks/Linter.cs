using System.Text.Json.Serialization.Metadata;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Cli.Checks;

/// <summary>Asks of files what admission asks of objects, and a little that only a person can answer.</summary>
internal sealed class Linter(ManifestSet files, CoreSettings settings)
{
    private readonly List<BreakGlassPolicy> _policies = [.. files.Read<BreakGlassPolicy>()];

    /// <summary>All objects of ours with what was found in each, and what is no YAML at all.</summary>
    public IReadOnlyList<CheckedItem> Run() =>
    [
        .. files.Broken.Select(f => new CheckedItem(f.File, f.File, [f])),
        .. files.All.Where(m => m.IsOurs).Select(m => new CheckedItem(m.File, $"{m.Kind}/{m.Name}", [.. Check(m)])),
    ];

    private IEnumerable<Finding> Check(Manifest manifest) => manifest.Kind switch
    {
        _ when manifest.ApiVersion != BreakGlassApi.ApiVersion =>
            [Found(manifest, "UnknownVersion", "apiVersion", $"'{manifest.ApiVersion}' is not served; use {BreakGlassApi.ApiVersion}.")],
        nameof(BreakGlassPolicy) => Check<BreakGlassPolicy>(manifest, Policy),
        nameof(BreakGlassGrant) => Check<BreakGlassGrant>(manifest, Grant),
        nameof(BreakGlassLockdown) => Check<BreakGlassLockdown>(manifest, (m, l) => LockdownRules.Check(l) is { } problem ? [Found(m, problem)] : []),
        nameof(BreakGlassApproval) or nameof(BreakGlassReview) =>
            [Found(manifest, "NotForFiles", "kind", "a person makes this decision during or after the incident (kubectl breakglass approve, review); "
                + "from a file, the pipeline would be its author.", FindingLevel.Warning)],
        _ => [Found(manifest, "UnknownKind", "kind", $"'{manifest.Kind}' is not a kind of {BreakGlassApi.Group}; use BreakGlassPolicy, BreakGlassGrant, "
            + "BreakGlassApproval, BreakGlassReview and BreakGlassLockdown.")],
    };

    private static IEnumerable<Finding> Check<T>(Manifest manifest, Func<Manifest, T, IEnumerable<Finding>> rules)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (manifest.Name.Length == 0) yield return Found(manifest, "NameMissing", "metadata", "metadata.name: required.");
        var unknown = Shape(manifest.Root, KubeKinds.Of<T>().Json, "").ToList();
        foreach (var (rule, field, words) in unknown) yield return Found(manifest, rule, field, $"{field}: {words}");
        if (manifest.Read(KubeKinds.Of<T>().Json, out var wrong) is not { } read)
        {
            if (unknown.All(u => u.Field != wrong))
                yield return Found(manifest, "WrongType", wrong!, $"{wrong}: the value has the wrong type; see docs/api.md.");
            yield break;
        }

        foreach (var finding in rules(manifest, read)) yield return finding;
    }

    private IEnumerable<Finding> Policy(Manifest manifest, BreakGlassPolicy policy)
    {
        foreach (var problem in PolicyRules.Check(policy, settings)) yield return Found(manifest, problem);
        if (_policies.Count(p => p.Metadata.Name == policy.Metadata.Name) > 1)
        {
            yield return Found(manifest, "DuplicateName", "metadata.name", "metadata.name: these files contain more than one policy "
                + $"'{policy.Metadata.Name}', and the one applied last replaces the others. Rename one.");
        }

        foreach (var finding in PolicyAdvice.Of(manifest, policy, files, settings)) yield return finding;
    }

    private IEnumerable<Finding> Grant(Manifest manifest, BreakGlassGrant grant)
    {
        yield return Found(manifest, "NotForFiles", "kind",
            "a person requests a grant in an incident (kubectl breakglass request); from a file, the pipeline would be the requester.", FindingLevel.Warning);
        if (_policies.Find(p => p.Metadata.Name == grant.Spec.Policy) is not { } policy) yield break;
        var requester = Callers.IsNamed(grant.Spec.Requester) ? grant.Spec.Requester! : Somebody(policy);
        if (GrantRules.AtAdmission(grant with { Spec = grant.Spec with { Requester = requester } }, policy, SealState.Valid, settings) is { } problem)
            yield return Found(manifest, problem);
    }

    /// <summary>Somebody whom the policy lets ask, since admission will say who really does.</summary>
    private static Caller Somebody(BreakGlassPolicy policy) => new()
    {
        Username = policy.Spec.Requesters.FirstOrDefault(s => s.Kind == "User")?.Name ?? "somebody",
        Groups = [.. policy.Spec.Requesters.Where(s => s.Kind == "Group").Select(s => s.Name)],
        Extra = policy.Spec.RequireClaims.GroupBy(c => c.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Values, StringComparer.Ordinal),
    };

    /// <summary>
    /// Fields and words that the schema would refuse, and that our own reader is lenient about. Metadata holds more than we read, so it is left alone.
    /// </summary>
    private static IEnumerable<(string Rule, string Field, string Words)> Shape(JsonNode? node, JsonTypeInfo type, string path)
    {
        var enumeration = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (enumeration.IsEnum && node is JsonValue value && !(value.TryGetValue<string>(out var word) && Enum.GetNames(enumeration).Contains(word)))
        {
            yield return ("WrongValue", path, $"'{value}' is not valid; use exactly one of {string.Join(", ", Enum.GetNames(enumeration))}.");
        }

        if (node is JsonArray list && type.ElementType is { } element)
        {
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i] is null) yield return ("EmptyItem", $"{path}[{i}]", "the item is empty; add it, or remove the dash.");
                foreach (var found in Shape(list[i], type.Options.GetTypeInfo(element), $"{path}[{i}]")) yield return found;
            }
        }

        if (node is not JsonObject map || type.Kind is not JsonTypeInfoKind.Object) yield break;
        foreach (var (key, inner) in map)
        {
            if (path.Length == 0 && key == "metadata") continue;
            var field = path.Length == 0 ? key : $"{path}.{key}";
            if (type.Properties.FirstOrDefault(p => p.Name == key) is not { } property)
            {
                var near = type.Properties.Select(p => p.Name).FirstOrDefault(n => n.Equals(key, StringComparison.OrdinalIgnoreCase) || Close(n, key));
                yield return ("UnknownField", field,
                    near is null ? $"unknown field; use {string.Join(", ", type.Properties.Select(p => p.Name))}." : $"unknown field; did you mean {near}?");
                continue;
            }

            foreach (var found in Shape(inner, type.Options.GetTypeInfo(property.PropertyType), field)) yield return found;
        }
    }

    /// <summary>One letter too many, too few, or another.</summary>
    private static bool Close(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 1) return false;
        var start = 0;
        while (start < Math.Min(a.Length, b.Length) && a[start] == b[start]) start++;
        var end = 0;
        while (end < Math.Min(a.Length, b.Length) - start && a[^(end + 1)] == b[^(end + 1)]) end++;
        return Math.Max(a.Length, b.Length) - start - end <= 1;
    }

    private static Finding Found(Manifest manifest, Problem problem) =>
        Found(manifest, problem.Reason, problem.Field, $"{problem}.", problem.Reason == PolicyRules.NotSupported ? FindingLevel.Warning : FindingLevel.Error);

    internal static Finding Found(Manifest manifest, string rule, string field, string message, FindingLevel level = FindingLevel.Error) =>
        new(rule, level, manifest.File, manifest.At(field), message);
}
