namespace Kube.Runtime;

/// <summary>
/// One notification of an <see cref="Informer{T}"/>. Level-triggered by contract: a handler only notes which key to look
/// at; what there is to see stands in the store, which is written before the handler is called and may be ahead of it.
/// </summary>
/// <param name="Kind">What happened.</param>
/// <param name="Object">The object as it is now; for a deletion the last state known.</param>
/// <param name="Old">
/// The version before, for an update. Its resource version is equal to the new one's when the server only confirms what
/// was known already (our own write, a second list). Another UID than the new one's means that the object
/// was deleted and made again in between.
/// </param>
/// <param name="IsInitialList">It was there when the handler began to listen; a start-up backlog, not news.</param>
/// <param name="FinalStateUnknown">The deletion itself was missed (found by a list), so <paramref name="Object"/> may be outdated.</param>
public readonly record struct Change<T>(
    ChangeKind Kind, T Object, T? Old = null, bool IsInitialList = false, bool FinalStateUnknown = false)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>An update to the very version that was known before; nothing to do.</summary>
    public bool IsSameVersion =>
        Kind == ChangeKind.Updated && Old is { } old && old.Metadata.ResourceVersion == Object.Metadata.ResourceVersion;
}
