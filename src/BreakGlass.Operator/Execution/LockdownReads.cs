namespace BreakGlass.Operator.Execution;

/// <summary>Compares the lockdowns of the API server with those that the watch has shown.</summary>
internal sealed class LockdownReads(KubeClient client, ClusterCaches caches, Action<BreakGlassLockdown> found)
{
    /// <summary>
    /// Lists all lockdowns. One that the watch has not shown, or not as it is now, shuts at once. One that is gone stays in the cache until the watch shows
    /// its deletion: a lockdown ends by nothing but that, and a denial can wait for it.
    /// </summary>
    /// <returns>One that is gone; null if the cache has none such.</returns>
    public async Task<BreakGlassLockdown?> CompareAsync(CancellationToken cancellationToken)
    {
        var seen = caches.Lockdowns.Store.List();
        var there = (await client.ListAsync<BreakGlassLockdown>(new(), cancellationToken)).Items;
        foreach (var lockdown in there)
        {
            if (!IsKnown(lockdown)) found(lockdown);
        }

        return seen.ExceptBy(there.Select(l => l.Metadata.Uid), l => l.Metadata.Uid).FirstOrDefault(IsHeld);
    }

    /// <summary>One of the same name can be another one, and one of the same UID can have another scope.</summary>
    private bool IsKnown(BreakGlassLockdown lockdown) => caches.Lockdowns.Store.Get(lockdown.Key) is { } held
        && held.Metadata.Uid == lockdown.Metadata.Uid && (held.Metadata.Generation ?? 0) >= (lockdown.Metadata.Generation ?? 0);

    private bool IsHeld(BreakGlassLockdown lockdown) => caches.Lockdowns.Store.Get(lockdown.Key)?.Metadata.Uid == lockdown.Metadata.Uid;
}
