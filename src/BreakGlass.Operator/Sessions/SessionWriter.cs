namespace BreakGlass.Operator.Sessions;

/// <summary>Writes sessions to their BreakGlassSessions. What fails stays due, and is written with what is counted until the next time.</summary>
/// <param name="store">Where they are written.</param>
/// <param name="caches">The grants that exist.</param>
/// <param name="identities">The tokens that are written with them.</param>
/// <param name="observer">The name of this process in what it writes.</param>
/// <param name="counting">The lock of those who count in the sessions.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class SessionWriter(
    SessionStore store, ClusterCaches caches, GrantIdentities identities, string observer, Lock counting, TimeProvider time, ILogger logger)
{
    private const int AtOnce = 8;

    /// <summary>Writes sessions, several at a time.</summary>
    public Task WriteAllAsync(IReadOnlyList<Session> sessions, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(sessions, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, WriteAsync);

    private async ValueTask WriteAsync(Session session, CancellationToken cancellationToken)
    {
        try
        {
            if (!session.IsKnownTo(caches)) return;
            if (!session.IsRestored && !await RestoreAsync(session, cancellationToken)) return;
            BreakGlassSession mine;
            lock (counting)
            {
                mine = new()
                {
                    Metadata = new() { Name = session.Name },
                    Status = session.Record.Status(session.Grant, time.GetUtcNow()) with { Tokens = TokensOf(session) },
                };
                (session.IsDirty, session.IsUsed, session.WrittenAt) = (false, false, time.GetTimestamp());
            }

            var written = await store.WriteAsync(session, mine, cancellationToken);
            lock (counting)
            {
                if (session.Record.Settle(written.Status)) session.IsDirty = true;
            }
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or OperationCanceledException)
        {
            lock (counting)
            {
                if (session.IsRestored) session.Record.SettleAll();
                session.IsDirty = true;
            }

            if (!cancellationToken.IsCancellationRequested) logger.SessionNotWritten(session.Name, e);
        }
    }

    /// <summary>Finds out what is written already, and makes the object if there is none; false if it belongs to a namesake that is gone.</summary>
    private async Task<bool> RestoreAsync(Session session, CancellationToken cancellationToken)
    {
        var stored = await store.ReadAsync(session, cancellationToken);
        if (!stored.OwnersOrEmpty.Any(o => o.Uid == session.Uid))
        {
            logger.SessionOfNamesake(session.Name);
            return false;
        }

        lock (counting)
        {
            session.Record.Restore(stored.Status);
            session.IsRestored = true;
        }

        return true;
    }

    private IReadOnlyList<SessionToken> TokensOf(Session session) =>
    [
        .. identities.TokensOf(session.Uid).Select(t => new SessionToken
        {
            Observer = observer, CredentialId = t.CredentialId, ServiceAccount = t.Username, IssuedAt = t.IssuedAt, ByName = t.ByName,
        }),
    ];
}
