namespace BreakGlass.Operator.Caching;

/// <summary>The rows of all <see cref="OwnedKinds"/>, in their order, and the client's verbs over them.</summary>
internal static class OwnedResources
{
    private static readonly OwnedResource<V1Secret, SecretMetadata> Secret = new(
        s => new() { Metadata = s.Metadata }, shed: null, (o, m) => o with { Metadata = m });

    private static readonly Dictionary<Type, OwnedResource> ByType = new()
    {
        [typeof(V1RoleBinding)] = Row<V1RoleBinding>(CacheTransforms.Binding, (o, m) => o with { Metadata = m }),
        [typeof(V1ClusterRoleBinding)] = Row<V1ClusterRoleBinding>(CacheTransforms.Binding, (o, m) => o with { Metadata = m }),
        [typeof(SecretMetadata)] = Secret,
        [typeof(V1Secret)] = Secret,
        [typeof(V1ServiceAccount)] = Row<V1ServiceAccount>(shed: null, (o, m) => o with { Metadata = m }),
        [typeof(V1Role)] = Row<V1Role>(CacheTransforms.Role, (o, m) => o with { Metadata = m }),
    };

    public static IReadOnlyList<OwnedResource> All { get; } = [.. ByType.Values.Distinct()];

    public static OwnedResource Of(IKubernetesObject<V1ObjectMeta> o) =>
        ByType.GetValueOrDefault(o.GetType()) ?? throw new InvalidOperationException($"{o.KindName} is not a kind that is made for grants.");

    public static Task<IKubernetesObject<V1ObjectMeta>> CreateAsync(
        this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) =>
        Of(o).CreateAsync(client, o, cancellationToken);

    public static Task<IKubernetesObject<V1ObjectMeta>?> TryGetAsync(
        this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) =>
        Of(o).TryGetAsync(client, o.Metadata, cancellationToken);

    public static Task<IKubernetesObject<V1ObjectMeta>> PatchAsync(
        this KubeClient client, IKubernetesObject<V1ObjectMeta> o, JsonObject patch, CancellationToken cancellationToken) =>
        Of(o).PatchAsync(client, o.Metadata, patch, cancellationToken);

    /// <summary>Deletes an object by its UID. False: it is marked as deleted, and finalizers hold it.</summary>
    public static async Task<bool> DeleteOrHoldAsync(this KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) =>
        !await Of(o).DeleteIsHeldAsync(client, o.Metadata, cancellationToken);

    private static OwnedResource<T, T> Row<T>(Func<T, T>? shed, Func<T, V1ObjectMeta, T> with)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() => new(o => o, shed, with);
}
