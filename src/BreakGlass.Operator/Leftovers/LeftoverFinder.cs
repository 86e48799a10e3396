namespace BreakGlass.Operator.Leftovers;

/// <summary>Lists what a grant's identity created and is still there: metadata alone, by its label, from the API server's own cache.</summary>
internal sealed class LeftoverFinder(KubeClient client, StampProbe stamp, CoreSettings settings)
{
    private const int AtOnce = 4;

    public async Task<LeftoversSeen> FindAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
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
        var ordered = found.OrderBy(o => o.Resource, StringComparer.Ordinal)
            .ThenBy(o => o.Namespace, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal);
        return new(true, [.. ordered], [.. unseen.Order(StringComparer.Ordinal)], failed > 0);
    }
}
