using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Leftovers;

/// <summary>
/// Finds what a grant's identity created and is still there: metadata alone, by its label, from the API server's own cache; and, if there is a record of its
/// session, each object that the session made, by name.
/// </summary>
internal sealed class LeftoverFinder(KubeClient client, StampProbe stamp, CoreSettings settings)
{
    private const int AtOnce = 4;

    public async Task<LeftoversSeen> FindAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        var marked = await MarkedAsync(grant, cancellationToken);
        if (!settings.HasSessions) return marked;
        BreakGlassSession? session;
        try
        {
            session = await client.TryGetAsync<BreakGlassSession>(grant.Metadata.Name, null, cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return marked with { Recorded = true, Failed = true, Unseen = [.. marked.Unseen, KubeKinds.Of<BreakGlassSession>().Resource.ToString()] };
        }

        return session is null || session.Status.GrantUid != grant.Metadata.Uid
            ? marked : await WithMadeAsync(marked, MergedSession.Of(session.Status), cancellationToken);
    }

    private async Task<LeftoversSeen> MarkedAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (await stamp.AskAsync(cancellationToken) is not { Any: true }) return new(false, [], [], false);
        var (found, unseen, failed) = (new ConcurrentBag<LeftObject>(), new ConcurrentBag<string>(), 0);
        var query = new ListQuery { LabelSelector = LeftBehind.Selector(grant.Metadata.Uid ?? ""), ResourceVersion = "0" };
        await Parallel.ForEachAsync(
            LeftBehind.Kinds(settings), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (kind, ct) =>
            {
                try
                {
                    foreach (var meta in await client.ListMetadataAsync(kind, query, LeftBehind.MostOfAKind, ct))
                        found.Add(new(kind.ToString(), meta.NamespaceProperty, meta.Name, meta.Uid));
                }
                catch (KubeApiException e) when (e.IsForbidden)
                {
                    unseen.Add(kind.ToString());
                }
                catch (KubeApiException e) when (e.IsNotFound)
                {
                    // No such kind here, so nothing of it.
                }
                catch (Exception e) when (e is KubeApiException or KubeConnectionException)
                {
                    unseen.Add(kind.ToString());
                    Interlocked.Exchange(ref failed, 1);
                }
            });
        return new(true, Ordered(found), [.. unseen.Order(StringComparer.Ordinal)], failed > 0);
    }

    /// <summary>Adds what the session made and is not found yet.</summary>
    private async Task<LeftoversSeen> WithMadeAsync(LeftoversSeen marked, MergedSession session, CancellationToken cancellationToken)
    {
        var (kinds, known) = (MadeObjects.Kinds(settings), marked.Found.Select(o => (o.Resource, o.Namespace ?? "", o.Name)).ToHashSet());
        var made = MadeObjects.Of(session, settings).Where(m => !known.Contains((m.Kind, m.Namespace, m.Name)) && !IsSeenByLabel(m, marked)).ToList();
        var askable = made.Where(m => MadeObjects.CanBeLookedUp(m, kinds)).Take(MadeObjects.MostLookedUp).ToList();
        var (left, changed, open, failed) = (new ConcurrentBag<LeftObject>(), new ConcurrentBag<LeftObject>(), new ConcurrentBag<MadeObject>(), 0);
        await Parallel.ForEachAsync(
            askable, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (m, ct) =>
            {
                try
                {
                    if (await LookUpAsync(m, MadeObjects.KindOf(m, kinds)!, ct) is not { } there) return;
                    var o = new LeftObject(m.Kind, m.Namespace, m.Name, there.Uid);
                    if (MadeObjects.IsCreated(m, there)) left.Add(o);
                    else if (MadeObjects.IsChanged(m, there)) changed.Add(o);
                }
                catch (KubeApiException e) when (e.IsNotFound)
                {
                    // No such kind here, so nothing of it.
                }
                catch (Exception e) when (e is KubeApiException or KubeConnectionException)
                {
                    open.Add(m);
                    if (e is not KubeApiException { IsForbidden: true }) Interlocked.Exchange(ref failed, 1);
                }
            });
        return marked with
        {
            Recorded = true,
            Found = Ordered([.. marked.Found, .. left]),
            Changed = Ordered(changed),
            Unchecked = [.. made.Where(m => !askable.Contains(m) || open.Contains(m))],
            WithoutRow = session.Rest,
            Failed = marked.Failed || failed > 0,
        };
    }

    /// <summary>Whether the search by label finds an object if it exists. Without a name, nothing else does.</summary>
    private bool IsSeenByLabel(MadeObject made, LeftoversSeen marked) => made.Name.Length == 0 && made.AsUsers.Count == 0 && marked.Stamped
        && MadeObjects.KindOf(made, LeftBehind.Kinds(settings)) is not null && !marked.Unseen.Contains(made.Kind);

    private async Task<V1ObjectMeta?> LookUpAsync(MadeObject made, ResourceType kind, CancellationToken cancellationToken)
    {
        // The names of RBAC objects may contain what separates the terms of a selector.
        var name = made.Name.Replace("\\", @"\\", StringComparison.Ordinal).Replace(",", @"\,", StringComparison.Ordinal)
            .Replace("=", @"\=", StringComparison.Ordinal);
        var query = new ListQuery { Namespace = kind.Namespaced ? made.Namespace : null, FieldSelector = $"metadata.name={name}", ResourceVersion = "0" };
        return (await client.ListMetadataAsync(kind, query, most: 1, cancellationToken)).FirstOrDefault(m => m.Name == made.Name);
    }

    private static IReadOnlyList<LeftObject> Ordered(IEnumerable<LeftObject> objects) => [.. objects.OrderBy(o => o.Resource, StringComparer.Ordinal)
        .ThenBy(o => o.Namespace, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal)];
}
