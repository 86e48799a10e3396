namespace BreakGlass.Cli.Policies;

/// <summary>A cluster as decisions need it, where not all of it can be read, or none: what is not known is taken to be there.</summary>
internal static class AssumedCluster
{
    /// <summary>The operator's set-up, of which the plugin knows nothing: what a policy can ask of it is taken to be there.</summary>
    public static CoreSettings Settings { get; } = new() { RecordsSessions = true, HasGateway = true, HasJournal = true };

    /// <summary>A view for one policy.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="namespaces">All namespaces; null where they are not known.</param>
    /// <param name="clusterRole">A ClusterRole, null where it is not there; itself null where that cannot be known.</param>
    /// <param name="role">The same for Roles.</param>
    /// <param name="more">Further namespaces that are taken to be there.</param>
    public static ClusterView View(
        BreakGlassPolicy policy, IReadOnlyList<V1Namespace>? namespaces, Func<string, V1ClusterRole?>? clusterRole, Func<string, string, V1Role?>? role,
        IEnumerable<string>? more = null)
    {
        // Of files that hold one namespace twice the last counts, as it does where they are applied.
        var all = new Dictionary<string, V1Namespace>(StringComparer.Ordinal);
        foreach (var ns in namespaces ?? [.. Guess(policy, more ?? [])]) all[ns.Metadata.Name] = ns;
        return new(all.Values, clusterRole ?? (n => new() { Metadata = new() { Name = n } }),
            role ?? ((ns, n) => new() { Metadata = new() { NamespaceProperty = ns, Name = n } }), n => all.GetValueOrDefault(n));
    }

    /// <summary>The namespaces that a policy names, and for each selector one that it selects.</summary>
    private static IEnumerable<V1Namespace> Guess(BreakGlassPolicy policy, IEnumerable<string> more)
    {
        var labels = policy.Spec.Access.Select(e => e.NamespaceSelector).OfType<LabelSelector>().Select(Selected).ToList();
        var named = policy.Spec.Access.SelectMany(e => e.Namespaces).Concat(more).Distinct(StringComparer.Ordinal).ToList();
        foreach (var name in named) yield return new() { Metadata = new() { Name = name, Labels = labels.FirstOrDefault() ?? [] } };
        for (var i = 0; i < labels.Count; i++) yield return new() { Metadata = new() { Name = $"(selected-{i + 1})", Labels = labels[i] } };
    }

    private static Dictionary<string, string> Selected(LabelSelector selector)
    {
        var labels = selector.MatchLabels.ToDictionary(StringComparer.Ordinal);
        foreach (var expression in selector.MatchExpressions.Where(e => e.Operator is "In" or "Exists"))
        {
            labels.TryAdd(expression.Key, expression.Values.Count > 0 ? expression.Values[0] : "");
        }

        return labels;
    }
}
