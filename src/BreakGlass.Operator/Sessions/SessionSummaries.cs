using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// Writes the sum of what all replicas counted to the grant: <c>status.session</c>. Only the leader does; it goes by the BreakGlassSessions that change, so a
/// grant without events costs nothing, and revocation never waits for it.
/// </summary>
internal sealed class SessionSummaries(KubeClient client, ClusterCaches caches, Informer<BreakGlassSession> sessions, TimeProvider time, ILogger logger)
{
    /// <summary>The least time between two writes of one grant.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, bool> _changed = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var handler = sessions.AddHandler(change =>
        {
            if (change.Kind is not ChangeKind.Deleted && !change.IsSameVersion) _changed[change.Object.Metadata.Name] = true;
        });
        while (true)
        {
            foreach (var name in _changed.Keys)
            {
                _changed.TryRemove(name, out _);
                if (!await WriteAsync(name, cancellationToken)) _changed[name] = true;
            }

            await Task.Delay(Period, time, cancellationToken);
        }
    }

    /// <summary>False where it did not succeed and is worth another try.</summary>
    private async Task<bool> WriteAsync(string name, CancellationToken cancellationToken)
    {
        if (caches.Grant(name) is not { } cached || sessions.Store.Get(new("", name)) is not { } session || session.Status.GrantUid != cached.Metadata.Uid
            || SessionTotals.Of(session.Status) is not { } totals || IsSame(cached, totals)) return true;
        try
        {
            var grant = caches.WholeGrant(name) ?? await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken);
            if (grant is null || grant.Metadata.Uid != session.Status.GrantUid) return true;
            caches.Learn(await client.ReplaceStatusAsync(grant with { Status = grant.Status with { Session = totals } }, cancellationToken));
            return true;
        }
        catch (KubeApiException e) when (e.IsConflict || e.IsNotFound)
        {
            // The grant was written at the same time: the cache has it before the next try.
            return e.IsNotFound;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            logger.SessionSummaryNotWritten(name, e);
            return false;
        }
    }

    // Of a grant that is over, the cache holds the numbers alone.
    private static bool IsSame(BreakGlassGrant cached, SessionSummary totals) => cached.Status.Session is { } written
        && (CacheTransforms.IsShed(cached) ? written == CacheTransforms.Numbers(totals) : AreSame(written, totals));

    private static bool AreSame(SessionSummary a, SessionSummary b) =>
        CacheTransforms.Numbers(a) == CacheTransforms.Numbers(b) && a.SourceIps.SequenceEqual(b.SourceIps) && a.UserAgents.SequenceEqual(b.UserAgents);
}
