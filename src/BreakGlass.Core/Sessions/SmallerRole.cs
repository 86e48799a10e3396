using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Sessions;

/// <summary>The rules that would have been enough for what was done: of every right that was used, and of no other.</summary>
internal static class SmallerRole
{
    /// <summary>More names than this are no choice of objects: the rule then has none, if the role allows that.</summary>
    private const int MostNames = 5;

    /// <summary>The smaller rules.</summary>
    /// <param name="granted">The rules of the role.</param>
    /// <param name="used">What was asked where the role was bound.</param>
    public static IReadOnlyList<V1PolicyRule> Of(IReadOnlyList<V1PolicyRule> granted, IEnumerable<AskedRight> used)
    {
        var rights = used.Where(r => r.IsAllowedBy(granted)).ToLookup(r => r.IsPath);
        var singles = rights[false].GroupBy(r => (r.Verb, r.Group, r.Resource))
            .Select(g => (g.Key.Group, g.Key.Resource, g.Key.Verb,
                Names: Names(granted, g.Key.Verb, g.Key.Group, g.Key.Resource, [.. g.Select(r => r.Name)])));
        var byResource = singles.GroupBy(s => (s.Group, s.Resource, Names: string.Join('\0', s.Names)))
            .Select(g => (g.Key.Group, g.Key.Resource, g.First().Names, Verbs: Sorted(g.Select(s => s.Verb))));
        var rules = byResource.GroupBy(r => (r.Group, Names: string.Join('\0', r.Names), Verbs: string.Join('\0', r.Verbs)))
            .Select(g => (g.Key.Group, Resources: Sorted(g.Select(r => r.Resource)), g.First().Names, g.First().Verbs))
            .OrderBy(r => r.Group, StringComparer.Ordinal).ThenBy(r => r.Resources[0], StringComparer.Ordinal)
            .ThenBy(r => string.Join('\0', r.Verbs), StringComparer.Ordinal)
            .Select(r => new V1PolicyRule
            {
                ApiGroups = [r.Group], Resources = r.Resources, ResourceNames = r.Names.Count == 0 ? null : r.Names, Verbs = r.Verbs,
            });
        var paths = rights[true].GroupBy(r => r.Resource).Select(g => (Path: g.Key, Verbs: Sorted(g.Select(r => r.Verb))))
            .GroupBy(p => string.Join('\0', p.Verbs)).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new V1PolicyRule { NonResourceURLs = Sorted(g.Select(p => p.Path)), Verbs = g.First().Verbs });
        return [.. rules, .. paths];
    }

    /// <summary>The names that a rule is limited to; none if a use had no name, or if there were many and the role does not limit them.</summary>
    private static List<string> Names(IReadOnlyList<V1PolicyRule> granted, string verb, string group, string resource, IReadOnlyList<string> names)
    {
        var distinct = Sorted(names);
        var isOpen = distinct.Count > MostNames || distinct.Contains("");
        return isOpen && RbacCoverage.Covers(granted, [new() { Verbs = [verb], ApiGroups = [group], Resources = [resource] }]) ? [] : distinct;
    }

    private static List<string> Sorted(IEnumerable<string> words) => [.. words.Distinct().Order(StringComparer.Ordinal)];
}
