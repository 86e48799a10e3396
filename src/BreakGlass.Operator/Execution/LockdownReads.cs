namespace BreakGlass.Operator.Execution;

/// <summary>Compares the lockdowns of the API server with those that the watch has shown.</summary>
internal sealed class LockdownReads(KubeClient client, ClusterCaches caches, Action<BreakGlassLockdown> found)
{
    /// <summary>
    /// Lists all lockdowns. One that the watch has not shown, or not as it is now, shuts at once, in place of one of the same name that is gone. Another one
    /// that is gone stays in the cache until the watch shows its deletion; a denial can wait for that.
    /// </summary>
    /// <returns>One in the cache that was not in the list; null if there is none.</returns>
    public async Task<BreakGlassLockdown?> CompareAsync(CancellationToken cancellationToken)
    {
        var there = (await client.ListAsync<BreakGlassLockdown>(new(), cancellationToken)).Items;
        foreach (var lockdown in there)
        {
            if (!IsKnown(lockdown)) found(lockdown);
        }

        // As it is by now: a lockdown that came in between by another way is not known to be there either.
        return caches.Lockdowns.Store.List().ExceptBy(there.Select(l => l.Metadata.Uid), l => l.Metadata.Uid).FirstOrDefault();
    }

    /// <summary>One of the same name can be another one, and one of the same UID can have another scope.</summary>
    private bool IsKnown(BreakGlassLockdown lockdown) => caches.Lockdowns.Store.Get(lockdown.Key) is { } held
        && held.Metadata.Uid == lockdown.Metadata.Uid && (held.Metadata.Generation ?? 0) >= (lockdown.Metadata.Generation ?? 0);
}
