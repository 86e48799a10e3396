namespace Kube.Runtime;

/// <summary>
/// Brings the cluster in line with one entity of a kind. The name and the shape are those of KubeOps; docs/adr/0001 lists what differs. A failure is an
/// exception: <see cref="ControllerLoop{TEntity}"/> logs it and calls again after a back-off, without limit.
/// </summary>
/// <typeparam name="TEntity">The kind; cluster-scoped, because the loop finds entities by name.</typeparam>
public interface IEntityController<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>
    /// Reconciles an entity that is in the cache, also one that is being deleted: a finalizer is part of the same decision. It must be idempotent and must
    /// expect an entity that is older than the one on the API server.
    /// </summary>
    /// <param name="entity">The entity as the cache has it now.</param>
    /// <param name="cancellationToken">Cancelled when the leadership is lost, or <see cref="ControllerOptions.StopTimeout"/> after the stop.</param>
    Task<ReconciliationResult<TEntity>> ReconcileAsync(TEntity entity, CancellationToken cancellationToken);

    /// <summary>
    /// Reconciles what is left of an entity that is not in the cache. It gets a name and not the last known entity, because this process may never have seen
    /// one: the entity was deleted before the process started, and only the objects made for it still name it. The default does nothing.
    /// </summary>
    /// <param name="name">The name that was queued.</param>
    /// <param name="cancellationToken">As for <see cref="ReconcileAsync"/>.</param>
    Task<ReconciliationResult<TEntity>> DeletedAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult(ReconciliationResult<TEntity>.Success(null));
}
