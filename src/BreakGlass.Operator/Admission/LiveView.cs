namespace BreakGlass.Operator.Admission;

/// <summary>
/// The cluster as the API server itself has it, as far as one policy's decisions need it. Namespace, role, policy and grant may come in one
/// <c>kubectl apply</c>, and nobody is turned away in an incident because a cache is a moment behind.
/// </summary>
internal static class LiveView
{
    /// <summary>The most that is read for one question; beyond it the caches are believed.</summary>
    private const int Most = 64;

    private const int AtOnce = 16;

    /// <summary>Reads what a policy names, over what the caches show.</summary>
    /// <exception cref="KubeApiException">The API server did not tell.</exception>
    /// <exception cref="KubeConnectionException">It could not be asked.</exception>
    public static async Task<ClusterView> ReadAsync(KubeClient client, PolicySpec policy, ClusterView seen, CancellationToken cancellationToken)
    {
        var places = policy.Access.SelectMany(e => e.Namespaces.Select(ns => (Role: e.RoleRef, Namespace: ns))).Distinct().Take(Most).ToList();
        var namespaces = policy.Access.Any(e => e.NamespaceSelector is not null)
            ? (await client.ListAsync<V1Namespace>(new(), cancellationToken)).Items.ToDictionary(n => n.Metadata.Name, n => (V1Namespace?)n)
            : await AllAsync(places.Select(p => p.Namespace), n => client.TryGetAsync<V1Namespace>(n, null, cancellationToken), cancellationToken);
        var clusterRoles = await AllAsync(
            policy.Access.Select(e => e.RoleRef).Where(r => r.Kind == V1ClusterRole.KubeKind).Select(r => r.Name),
            n => client.TryGetAsync<V1ClusterRole>(n, null, cancellationToken), cancellationToken);
        var roles = await AllAsync(
            places.Where(p => p.Role.Kind == V1Role.KubeKind).Select(p => (p.Namespace, p.Role.Name)),
            p => client.TryGetAsync<V1Role>(p.Name, p.Namespace, cancellationToken), cancellationToken);
        return new(
            [.. seen.Namespaces.Where(n => !namespaces.ContainsKey(n.Metadata.Name)), .. namespaces.Values.OfType<V1Namespace>()],
            name => clusterRoles.TryGetValue(name, out var role) ? role : seen.ClusterRole(name),
            (ns, name) => roles.TryGetValue((ns, name), out var role) ? role : seen.Role(ns, name),
            name => namespaces.TryGetValue(name, out var ns) ? ns : seen.Namespace(name));
    }

    private static async Task<Dictionary<TKey, T?>> AllAsync<TKey, T>(IEnumerable<TKey> keys, Func<TKey, Task<T?>> read, CancellationToken cancellationToken)
        where TKey : notnull
        where T : class
    {
        var found = new Dictionary<TKey, T?>();
        foreach (var some in keys.Distinct().Chunk(AtOnce))
        {
            foreach (var (key, o) in some.Zip(await Task.WhenAll(some.Select(read)))) found[key] = o;
            cancellationToken.ThrowIfCancellationRequested();
        }

        return found;
    }
}
