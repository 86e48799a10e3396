using System.Runtime.InteropServices;

namespace Kube.Runtime;

/// <summary>
/// What a reconciliation that did not fail asks for. There is no result for a failure, which is an exception. Two things are added to KubeOps' result: the
/// instant of the wall clock at which to run again, and the <see cref="Runtime.Lane"/> of that run.
/// </summary>
/// <typeparam name="TEntity">The kind that was reconciled.</typeparam>
[StructLayout(LayoutKind.Auto)]
[SuppressMessage("Design", "CA1000", Justification = "KubeOps' shape.")]
public readonly record struct ReconciliationResult<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The entity as the reconciliation left it; null if it is gone. The next run does not get this one but reads the cache.</summary>
    public TEntity? Entity { get; private init; }

    /// <summary>After how long to run again; null for not before something changes, or because <see cref="RequeueAt"/> is set.</summary>
    public TimeSpan? RequeueAfter { get; private init; }

    /// <summary>When to run again, by the wall clock; null for not before something changes, or because <see cref="RequeueAfter"/> is set.</summary>
    public DateTimeOffset? RequeueAt { get; private init; }

    /// <summary>The lane of the next run.</summary>
    public Lane Lane { get; private init; }

    /// <summary>The entity is reconciled. Run again after a delay if there is one.</summary>
    public static ReconciliationResult<TEntity> Success(TEntity? entity, TimeSpan? requeueAfter = null, Lane lane = Lane.Normal) =>
        new() { Entity = entity, RequeueAfter = requeueAfter, Lane = lane };

    /// <summary>The entity is reconciled. Run again at an instant of the wall clock if there is one.</summary>
    public static ReconciliationResult<TEntity> Success(TEntity? entity, DateTimeOffset? requeueAt, Lane lane = Lane.Normal) =>
        new() { Entity = entity, RequeueAt = requeueAt, Lane = lane };
}
