namespace BreakGlass.Cli.Policies;

/// <summary>The part of the cluster that the user is allowed to read. Everything else is null, and reported.</summary>
internal sealed class VisibleCluster
{
    private readonly Dictionary<string, V1ClusterRole?> _clusterRoles = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), V1Role?> _roles = [];
    private readonly HashSet<string> _unseen = new(StringComparer.Ordinal);
    private bool _rolesUnseen;

    private VisibleCluster()
    {
    }

    /// <summary>All namespaces, or null.</summary>
    public IReadOnlyList<V1Namespace>? Namespaces { get; private set; }

    public IReadOnlyList<BreakGlassGrant> Grants { get; private set; } = [];

    public IReadOnlyList<BreakGlassLockdown> Lockdowns { get; private set; } = [];

    /// <summary>What could not be seen, in words; null where all could.</summary>
    public string? Unseen =>
        _unseen.Count == 0 ? null : $"you are not allowed to read {string.Join(" and ", _unseen.Order(StringComparer.Ordinal))}, so they are not checked "
            + "here; the operator checks them when you create a request";

    public static async Task<VisibleCluster> LookAsync(KubeClient client, IReadOnlyList<BreakGlassPolicy> policies, CancellationToken cancellationToken)
    {
        var seen = new VisibleCluster();
        seen.Namespaces = await seen.ListAsync<V1Namespace>(client, "namespaces", cancellationToken);
        seen.Grants = await seen.ListAsync<BreakGlassGrant>(client, "grants", cancellationToken) ?? [];
        seen.Lockdowns = await seen.ListAsync<BreakGlassLockdown>(client, "lockdowns", cancellationToken) ?? [];
        foreach (var entry in policies.SelectMany(p => p.Spec.Access)) await seen.ReadRoleAsync(client, entry, cancellationToken);
        return seen;
    }

    /// <summary>The cluster as far as a policy's decisions need it.</summary>
    public ClusterView View(BreakGlassPolicy policy, IEnumerable<string>? more = null) => AssumedCluster
        .View(policy, Namespaces, n => _clusterRoles.TryGetValue(n, out var role) ? role : new() { Metadata = new() { Name = n } },
        (ns, n) => _roles.TryGetValue((ns, n), out var role) ? role : new() { Metadata = new() { NamespaceProperty = ns, Name = n } }, more);

    /// <summary>The rules of a role where they can be read, else null.</summary>
    public IReadOnlyList<V1PolicyRule>? Rules(RoleReference role, string? ns) => role.Kind == V1ClusterRole.KubeKind
        ? _clusterRoles.GetValueOrDefault(role.Name)?.RulesOrEmpty
        : _roles.GetValueOrDefault((ns ?? "", role.Name))?.RulesOrEmpty;

    private async Task<IReadOnlyList<T>?> ListAsync<T>(KubeClient client, string words, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return (await client.ListAsync<T>(new(), cancellationToken)).Items;
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            _unseen.Add(words);
            return null;
        }
    }

    private async Task ReadRoleAsync(KubeClient client, AccessEntry entry, CancellationToken cancellationToken)
    {
        if (_rolesUnseen) return;
        try
        {
            if (entry.RoleRef.Kind == V1ClusterRole.KubeKind)
            {
                if (!_clusterRoles.ContainsKey(entry.RoleRef.Name))
                    _clusterRoles[entry.RoleRef.Name] = await client.TryGetAsync<V1ClusterRole>(entry.RoleRef.Name, null, cancellationToken);
                return;
            }

            foreach (var ns in entry.Namespaces)
                _roles[(ns, entry.RoleRef.Name)] = await client.TryGetAsync<V1Role>(entry.RoleRef.Name, ns, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            _unseen.Add("roles");
            _rolesUnseen = true;
        }
    }
}
