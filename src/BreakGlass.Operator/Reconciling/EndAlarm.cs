using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Operator.Caching;
using Kube.Runtime;

namespace BreakGlass.Operator.Reconciling;

/// <summary>
/// Has a grant whose end has come looked at before everything else, whatever became of its last run: one that failed is tried again only after a pause, and one
/// that waits for a worker waits behind all that there is to open.
/// </summary>
internal sealed class EndAlarm(ClusterCaches caches, WorkQueue<string> ends, WorkQueue<string> grants, CoreSettings settings, TimeProvider time)
    : IEntityController<BreakGlassGrant>
{
    /// <summary>
    /// Behind the grant's own timer, which is enough nearly always: a grant that is called while it is being cut would be ended to the last on the workers of those
    /// that are still to be cut.
    /// </summary>
    public static readonly TimeSpan Behind = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    /// <summary>Sets the alarm for a grant that has an end.</summary>
    public void Set(BreakGlassGrant grant)
    {
        if (GrantLifecycle.DueAt(grant, settings) is { } due) ends.AddAt(grant.Metadata.Name, due + Behind);
    }

    /// <summary>Queues the grant ahead of all other work, unless its access is cut already: what is left to do then is not urgent.</summary>
    public Task<ReconciliationResult<BreakGlassGrant>> ReconcileAsync(BreakGlassGrant grant, CancellationToken cancellationToken) =>
        Task.FromResult(Ring(grant));

    private ReconciliationResult<BreakGlassGrant> Ring(BreakGlassGrant grant)
    {
        var name = grant.Metadata.Name;
        if (GrantLifecycle.DueAt(grant, settings) is not { } due) return ReconciliationResult<BreakGlassGrant>.Success(grant);
        if (due + Behind > time.GetUtcNow()) return ReconciliationResult<BreakGlassGrant>.Success(grant, due + Behind);
        var givesAccess = caches.ObjectsOf(name).Exists(o => GrantLifecycle.IsOf(grant, o) && GrantLifecycle.GivesAccess(grant, o));
        return ReconciliationResult<BreakGlassGrant>.Success(grant, givesAccess && !grants.TryAdd(name, Lane.Urgent) ? Again : null);
    }
}
