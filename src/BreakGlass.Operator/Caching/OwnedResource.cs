namespace BreakGlass.Operator.Caching;

/// <summary>How one of the <see cref="OwnedKinds"/> is written, read, listed and watched.</summary>
internal abstract class OwnedResource
{
    /// <summary>What decisions know of the kind.</summary>
    public abstract OwnedKind Kind { get; }

    /// <summary>Where its objects are in the API.</summary>
    public abstract ResourceType Resource { get; }

    public abstract Task<IKubernetesObject<V1ObjectMeta>> CreateAsync(
        KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken);

    public abstract Task<IKubernetesObject<V1ObjectMeta>?> TryGetAsync(KubeClient client, V1ObjectMeta place, CancellationToken cancellationToken);

    public abstract Task<IKubernetesObject<V1ObjectMeta>> PatchAsync(
        KubeClient client, V1ObjectMeta place, JsonObject patch, CancellationToken cancellationToken);

    /// <summary>Deletes an object by its UID. True: it is marked as deleted, and finalizers hold it.</summary>
    public abstract Task<bool> DeleteIsHeldAsync(KubeClient client, V1ObjectMeta place, CancellationToken cancellationToken);

    /// <summary>Lists objects, without what the reaper does not read.</summary>
    public abstract Task<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(KubeClient client, ListQuery query, CancellationToken cancellationToken);

    public abstract JsonObject Node(IKubernetesObject<V1ObjectMeta> o);

    public abstract void WatchIn(ClusterCaches caches);
}

/// <summary>One row.</summary>
/// <typeparam name="TWritten">The kind as it is written.</typeparam>
/// <typeparam name="T">The kind as it is kept in memory.</typeparam>
/// <param name="keep">What is kept of an object that is or was written.</param>
/// <param name="shed">What the caches keep of an object; null for all of it.</param>
/// <param name="with">A copy of an object with other metadata.</param>
internal sealed class OwnedResource<TWritten, T>(Func<TWritten, T> keep, Func<T, T>? shed, Func<T, V1ObjectMeta, T> with) : OwnedResource
    where TWritten : class, IKubernetesObject<V1ObjectMeta>, new()
    where T : class, IKubernetesObject<V1ObjectMeta>, new()
{
    public override OwnedKind Kind { get; } = OwnedKinds.Of(new T());

    public override ResourceType Resource => KubeKinds.Of<T>().Resource;

    public override async Task<IKubernetesObject<V1ObjectMeta>> CreateAsync(
        KubeClient client, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) =>
        keep(await client.CreateAsync((TWritten)o, cancellationToken));

    public override async Task<IKubernetesObject<V1ObjectMeta>?> TryGetAsync(KubeClient client, V1ObjectMeta place, CancellationToken cancellationToken) =>
        await client.TryGetAsync<T>(place.Name, place.NamespaceProperty, cancellationToken);

    public override async Task<IKubernetesObject<V1ObjectMeta>> PatchAsync(
        KubeClient client, V1ObjectMeta place, JsonObject patch, CancellationToken cancellationToken) =>
        keep(await client.MergePatchAsync<TWritten>(place.Name, place.NamespaceProperty, patch, cancellationToken));

    public override Task<bool> DeleteIsHeldAsync(KubeClient client, V1ObjectMeta place, CancellationToken cancellationToken) =>
        client.DeleteIsHeldAsync<TWritten>(place.Name, place.NamespaceProperty, new() { Uid = place.Uid }, cancellationToken);

    public override async Task<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> ListAsync(
        KubeClient client, ListQuery query, CancellationToken cancellationToken) =>
        (await client.ListAsync<T>(query, o => with(shed?.Invoke(o) ?? o, CacheTransforms.Owned(o.Metadata)), cancellationToken)).Items;

    public override JsonObject Node(IKubernetesObject<V1ObjectMeta> o) =>
        JsonSerializer.SerializeToNode(o as T ?? keep((TWritten)o), KubeKinds.Of<T>().Json)!.AsObject();

    public override void WatchIn(ClusterCaches caches) => caches.WatchOwned(Kind, shed);
}
