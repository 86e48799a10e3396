using k8s.Models;
using Kube.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// What RBAC rules allow, word for word as the API server decides it: the authorizer (evaluation_helpers.go of k8s.io/api's RBAC group) for
/// <see cref="Allows(IReadOnlyList{PolicyRule}, V1ResourceAttributes)"/>, its escalation check (component-helpers/auth/rbac/validation) for
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
    public static bool Allows(IReadOnlyList<PolicyRule> rules, V1ResourceAttributes request)
    {
        var (resource, subresource, name) = (request.Resource ?? "", request.Subresource ?? "", request.Name ?? "");
        var combined = subresource.Length == 0 ? resource : $"{resource}/{subresource}";
        foreach (var rule in rules)
        {
            if (Has(rule.Verbs, request.Verb ?? "") && Has(rule.ApiGroups, request.Group ?? "") && AllowsResource(rule, combined, subresource)
                && (rule.ResourceNames.Count == 0 || rule.ResourceNames.Contains(name)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether one of the rules allows a request outside the resource API. The rules are taken as bound cluster-wide: a RoleBinding never
    /// gives such paths (see <see cref="WithinNamespace"/>).
    /// </summary>
    public static bool Allows(IReadOnlyList<PolicyRule> rules, V1NonResourceAttributes request)
    {
        foreach (var rule in rules)
        {
            if (Has(rule.Verbs, request.Verb ?? "") && rule.NonResourceUrls.Any(u => CoversUrl(u, request.Path ?? ""))) return true;
        }

        return false;
    }

    /// <summary>Whether everything that <paramref name="asked"/> allows is allowed by <paramref name="owner"/>, where both are bound in the same place.</summary>
    public static bool Covers(IReadOnlyList<PolicyRule> owner, IReadOnlyList<PolicyRule> asked) => Uncovered(owner, asked).Count == 0;

    /// <summary>What of <paramref name="asked"/> is not allowed by <paramref name="owner"/>: one rule for each single permission, for messages.</summary>
    public static IReadOnlyList<PolicyRule> Uncovered(IReadOnlyList<PolicyRule> owner, IReadOnlyList<PolicyRule> asked) =>
        [.. asked.SelectMany(Single).Where(one => !owner.Any(rule => CoversSingle(rule, one)))];

    /// <summary>What is left of a ClusterRole's rules when a RoleBinding gives them: paths outside the resource API do not count in a namespace.</summary>
    public static IReadOnlyList<PolicyRule> WithinNamespace(IReadOnlyList<PolicyRule> rules) =>
        rules.Any(r => r.NonResourceUrls.Count > 0) ? [.. rules.Select(r => r with { NonResourceUrls = [] }).Where(r => r.Resources.Count > 0)] : rules;

    // A rule taken apart into single permissions. Each of them is within one rule of the owner or outside all of them together, since no list of
    // names fills up a wildcard; so it is enough to look at one rule of the owner at a time.
    private static IEnumerable<PolicyRule> Single(PolicyRule rule)
    {
        foreach (var verb in rule.Verbs)
        {
            foreach (var group in rule.ApiGroups)
            {
                foreach (var resource in rule.Resources)
                {
                    var one = new PolicyRule { Verbs = [verb], ApiGroups = [group], Resources = [resource] };
                    if (rule.ResourceNames.Count == 0) yield return one;
                    foreach (var name in rule.ResourceNames) yield return one with { ResourceNames = [name] };
                }
            }

            foreach (var url in rule.NonResourceUrls) yield return new() { Verbs = [verb], NonResourceUrls = [url] };
        }
    }

    private static bool CoversSingle(PolicyRule owner, PolicyRule one)
    {
        if (!Has(owner.Verbs, one.Verbs[0])) return false;
        if (one.NonResourceUrls.Count > 0) return owner.NonResourceUrls.Any(u => CoversUrl(u, one.NonResourceUrls[0]));
        return Has(owner.ApiGroups, one.ApiGroups[0])
            && CoversResource(owner, one.Resources[0])
            && (owner.ResourceNames.Count == 0 || (one.ResourceNames.Count > 0 && owner.ResourceNames.Contains(one.ResourceNames[0])));
    }

    private static bool AllowsResource(PolicyRule rule, string combined, string subresource) =>
        Has(rule.Resources, combined) || (subresource.Length > 0 && rule.Resources.Contains($"*/{subresource}"));

    private static bool CoversResource(PolicyRule owner, string resource)
    {
        if (Has(owner.Resources, resource)) return true;
        var slash = resource.IndexOf('/');
        return slash >= 0 && owner.Resources.Contains($"*{resource[slash..]}");
    }

    // All trailing stars go, as in the API server; a pattern that is asked for is text here, so "/a/*" covers "/a/b*" but not "/a*".
    private static bool CoversUrl(string owner, string url) =>
        owner == url || (owner.EndsWith('*') && url.StartsWith(owner.TrimEnd('*'), StringComparison.Ordinal));

    private static bool Has(IReadOnlyList<string> values, string value) => values.Contains(All) || values.Contains(value);
}
