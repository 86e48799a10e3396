namespace BreakGlass.Core.Rules;

/// <summary>
/// What RBAC rules allow, word for word as the API server decides it: the authorizer (evaluation_helpers.go of k8s.io/api's RBAC group) for
/// <see cref="Allows(IReadOnlyList{V1PolicyRule}, V1ResourceAttributes)"/>, its escalation check (component-helpers/auth/rbac/validation) for
/// <see cref="Covers"/>. Both are compared with a real API server in the integration tests.
/// </summary>
/// <remarks>
/// What is easily got wrong: no <c>resourceNames</c> means every name, so a list of names never covers it. <c>*</c> in <c>resources</c> takes in
/// every subresource, <c>*/scale</c> only that subresource of everything, and <c>pods/*</c> nothing at all. A list never covers a <c>*</c>,
/// however long it is.
/// </remarks>
public static class RbacCoverage
{
    private const string All = "*";

    /// <summary>Whether one of the rules allows a resource request. The rules are taken as bound where the request is made.</summary>
    public static bool Allows(IReadOnlyList<V1PolicyRule> rules, V1ResourceAttributes request)
    {
        var (resource, subresource, name) = (request.Resource ?? "", request.Subresource ?? "", request.Name ?? "");
        var combined = subresource.Length == 0 ? resource : $"{resource}/{subresource}";
        foreach (var rule in rules)
        {
            if (Has(rule.VerbsOrEmpty, request.Verb ?? "") && Has(rule.GroupsOrEmpty, request.Group ?? "") && AllowsResource(rule, combined, subresource)
                && (rule.NamesOrEmpty.Count == 0 || rule.NamesOrEmpty.Contains(name)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether one of the rules allows a request outside the resource API. The rules are taken as bound cluster-wide: a RoleBinding never
    /// gives such paths.
    /// </summary>
    public static bool Allows(IReadOnlyList<V1PolicyRule> rules, V1NonResourceAttributes request)
    {
        foreach (var rule in rules)
        {
            if (Has(rule.VerbsOrEmpty, request.Verb ?? "") && rule.UrlsOrEmpty.Any(u => CoversUrl(u, request.Path ?? ""))) return true;
        }

        return false;
    }

    /// <summary>
    /// Whether everything that <paramref name="asked"/> allows is allowed by <paramref name="owner"/>, where both are bound in the same place.
    /// </summary>
    public static bool Covers(IReadOnlyList<V1PolicyRule> owner, IReadOnlyList<V1PolicyRule> asked) => Uncovered(owner, asked).Count == 0;

    /// <summary>What of <paramref name="asked"/> is not allowed by <paramref name="owner"/>: one rule for each single permission, for messages.</summary>
    public static IReadOnlyList<V1PolicyRule> Uncovered(IReadOnlyList<V1PolicyRule> owner, IReadOnlyList<V1PolicyRule> asked) =>
        [.. asked.SelectMany(Single).Where(one => !owner.Any(rule => CoversSingle(rule, one)))];

    // A rule taken apart into single permissions. Each of them is within one rule of the owner or outside all of them together, since no list of
    // names fills up a wildcard; so it is enough to look at one rule of the owner at a time.
    private static IEnumerable<V1PolicyRule> Single(V1PolicyRule rule)
    {
        foreach (var verb in rule.VerbsOrEmpty)
        {
            foreach (var group in rule.GroupsOrEmpty)
            {
                foreach (var resource in rule.ResourcesOrEmpty)
                {
                    var one = new V1PolicyRule { Verbs = [verb], ApiGroups = [group], Resources = [resource] };
                    if (rule.NamesOrEmpty.Count == 0) yield return one;
                    foreach (var name in rule.NamesOrEmpty) yield return one with { ResourceNames = [name] };
                }
            }

            foreach (var url in rule.UrlsOrEmpty) yield return new() { Verbs = [verb], NonResourceURLs = [url] };
        }
    }

    private static bool CoversSingle(V1PolicyRule owner, V1PolicyRule one)
    {
        if (!Has(owner.VerbsOrEmpty, one.VerbsOrEmpty[0])) return false;
        if (one.UrlsOrEmpty.Count > 0) return owner.UrlsOrEmpty.Any(u => CoversUrl(u, one.UrlsOrEmpty[0]));
        return Has(owner.GroupsOrEmpty, one.GroupsOrEmpty[0])
            && CoversResource(owner, one.ResourcesOrEmpty[0])
            && (owner.NamesOrEmpty.Count == 0 || (one.NamesOrEmpty.Count > 0 && owner.NamesOrEmpty.Contains(one.NamesOrEmpty[0])));
    }

    private static bool AllowsResource(V1PolicyRule rule, string combined, string subresource) =>
        Has(rule.ResourcesOrEmpty, combined) || (subresource.Length > 0 && rule.ResourcesOrEmpty.Contains($"*/{subresource}"));

    private static bool CoversResource(V1PolicyRule owner, string resource)
    {
        if (Has(owner.ResourcesOrEmpty, resource)) return true;
        var slash = resource.IndexOf('/');
        return slash >= 0 && owner.ResourcesOrEmpty.Contains($"*{resource[slash..]}");
    }

    // All trailing stars go, as in the API server; a pattern that is asked for is text here, so "/a/*" covers "/a/b*" but not "/a*".
    private static bool CoversUrl(string owner, string url) =>
        owner == url || (owner.EndsWith('*') && url.StartsWith(owner.TrimEnd('*'), StringComparison.Ordinal));

    private static bool Has(IReadOnlyList<string> values, string value) => values.Contains(All) || values.Contains(value);
}
