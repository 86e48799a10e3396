namespace BreakGlass.Operator.Sessions;

/// <summary>Reads and writes BreakGlassSessions. Each replica applies what it counted as a field manager of its own.</summary>
internal sealed class SessionStore(KubeClient client, string observer)
{
    /// <summary>The session as the API server has it; it is created if there is none.</summary>
    public async Task<BreakGlassSession> ReadAsync(Session session, CancellationToken cancellationToken) =>
        await client.TryGetAsync<BreakGlassSession>(session.Name, null, cancellationToken)
        ?? await client.ApplyAsync(New(session), observer, cancellationToken);

    /// <summary>Writes what this replica counted.</summary>
    public async Task<BreakGlassSession> WriteAsync(Session session, BreakGlassSession mine, CancellationToken cancellationToken)
    {
        try
        {
            return await client.ApplyStatusAsync(mine, observer, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            // Somebody deleted it: what this replica counted is written again.
            await client.ApplyAsync(New(session), observer, cancellationToken);
            return await client.ApplyStatusAsync(mine, observer, cancellationToken);
        }
    }

    private static BreakGlassSession New(Session session) => new()
    {
        Metadata = new()
        {
            Name = session.Name,
            Labels = new Dictionary<string, string>
            {
                [BreakGlassApi.ManagedByLabel] = BreakGlassApi.ManagedBy,
                [BreakGlassApi.PolicyLabel] = session.Grant.Spec.Policy,
            },
            OwnerReferences =
            [
                new() { ApiVersion = session.Grant.ApiVersion, Kind = session.Grant.Kind, Name = session.Name, Uid = session.Uid },
            ],
        },
    };
}
