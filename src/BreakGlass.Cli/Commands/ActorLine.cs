using BreakGlass.Cli.Policies;

namespace BreakGlass.Cli.Commands;

/// <summary>A ServiceAccount as which a grant could act, or how many were asked about.</summary>
/// <param name="Entry">The access entry.</param>
/// <param name="Ways">By which ways its role lets it.</param>
/// <param name="Who">The ServiceAccount, as namespace/name; or those that are not named one by one.</param>
/// <param name="Can">What it may do, of what was asked.</param>
internal sealed record ActorLine(string Entry, IReadOnlyList<string> Ways, string Who, IReadOnlyList<string> Can)
{
    /// <summary>What the policy's status says, for the namespaces that are reached.</summary>
    public static IEnumerable<ActorLine> Of(AccessEntry entry, BreakGlassPolicy policy, IReadOnlyList<Target> targets, VisibleCluster around)
    {
        var places = targets.Where(t => t.Entry == entry.Name).ToList();
        if (places.Count == 0) yield break;
        var summary = policy.Status.Roles.FirstOrDefault(r => r.Name == entry.Name);
        var ways = around.Rules(entry.RoleRef, places[0].Namespace) is { } rules ? ActingAs.Ways(rules) : summary?.ActsThrough ?? [];
        if (ways.Count == 0) yield break;
        foreach (var actor in summary?.Actors ?? [])
        {
            if (places.Exists(t => t.Namespace is null || actor.ServiceAccount.StartsWith(t.Namespace + "/", StringComparison.Ordinal)))
                yield return new(entry.Name, ways, actor.ServiceAccount, actor.Can);
        }

        yield return new(entry.Name, ways, summary?.ActorsAsked is { } asked
            ? $"({asked} checked{(summary.ActorsNotAsked is > 0 and var more ? $", {more} more not checked" : "")})"
            : "(any of them; the operator has not checked them)", []);
    }

    public JsonObject ToJson() => new()
    {
        ["entry"] = Entry,
        ["by"] = new JsonArray([.. Ways.Select(w => (JsonNode?)w)]),
        ["serviceAccount"] = Who,
        ["can"] = new JsonArray([.. Can.Select(c => (JsonNode?)c)]),
    };
}
