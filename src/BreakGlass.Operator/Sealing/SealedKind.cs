namespace BreakGlass.Operator.Sealing;

/// <summary>A kind whose seals are made again when a key is replaced: which of its objects still need theirs, and how they are written.</summary>
/// <param name="Needed">The objects whose seals matter for something that is still to be decided.</param>
/// <param name="SealAsync">Writes a seal on one of them, if it was not changed since.</param>
internal sealed record SealedKind(
    Func<ClusterCaches, IEnumerable<IKubernetesObject<V1ObjectMeta>>> Needed,
    Func<KubeClient, IKubernetesObject<V1ObjectMeta>, JsonObject, CancellationToken, Task<IKubernetesObject<V1ObjectMeta>>> SealAsync)
{
    /// <summary>All kinds. What is over needs no seal any more: its record says what became of it.</summary>
    public static IReadOnlyList<SealedKind> All { get; } =
    [
        Of(caches => caches.Policies.Store.List()),
        Of(caches => caches.Authorities.Store.List()),
        Of(caches => caches.Lockdowns.Store.List()),
        Of(caches => caches.LiveGrants),
        Of(caches => caches.Approvals.Store.List().Where(a => caches.Grant(a.Spec.Grant) is { Status.IsTerminal: false })),
        Of(caches => caches.Reviews.Store.List().Where(r => caches.Grant(r.Spec.Grant) is { Status: { IsTerminal: false } or { AwaitsReview: true } })),
    ];

    private static SealedKind Of<T>(Func<ClusterCaches, IEnumerable<T>> needed)
        where T : class, IKubernetesObject<V1ObjectMeta> => new(
            needed, async (client, o, patch, cancellationToken) => await client.MergePatchAsync<T>(o.Metadata.Name, null, patch, cancellationToken));
}
