namespace BreakGlass.Operator.Sealing;

/// <summary>
/// Keeps the keys young and seals alive: what outlives a key is sealed again by the leader, under the key in use. Admission seals it once more on the way,
/// and the result is the same.
/// </summary>
internal sealed class Resealer(KubeClient client, SealKeyring keyring, ClusterCaches caches, TimeProvider time, ILogger logger)
{
    public const string TouchedAnnotation = BreakGlassApi.Group + "/resealed-at";

    /// <summary>How many objects are sealed side by side.</summary>
    private const int Workers = 8;

    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    /// <summary>While the clocks are in doubt no key is rotated, and at the start they are for some seconds.</summary>
    private static readonly TimeSpan InDoubt = TimeSpan.FromMinutes(1);

    /// <summary>Works until cancelled; for the leader alone.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (;;)
            {
                await keyring.RotateAsync(cancellationToken, client);
                await ResealAsync(cancellationToken);
                await Task.Delay(time.CertainNow() is null ? InDoubt : Period, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>
    /// Seals everything that is needed and whose seal is good, and made with another key than the one in use; but nothing while a compromised key is dropped,
    /// because then the rotation chooses what is sealed again.
    /// </summary>
    public Task<int> ResealAsync(CancellationToken cancellationToken) =>
        keyring.Keys.Rotation?.Cutoff is null ? ResealAsync(_ => true, cancellationToken) : Task.FromResult(0);

    /// <summary>The seals, of objects and of records, that are good, needed, and made with another key than the one in use.</summary>
    public HashSet<string> Due()
    {
        if (keyring.Keys.Current(time.GetUtcNow()) is not { } current) return [];
        return [.. Objects(current).Select(d => Seal.Of(d.Object)!), .. Records(current).Select(g => g.Status.RecordSeal!)];
    }

    /// <summary>The same, of those seals that are chosen.</summary>
    /// <param name="believed">Whether a seal is to be replaced, by its text.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How many failed, and are to be tried again.</returns>
    public async Task<int> ResealAsync(Func<string, bool> believed, CancellationToken cancellationToken)
    {
        if (keyring.Keys.Current(time.GetUtcNow()) is not { } current) return 0;
        var failed = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Objects(current).Where(d => believed(Seal.Of(d.Object)!)).ToList(), options, async (due, token) =>
        {
            if (!await TryAsync(due.Object, () => ResealAsync(due.Kind, due.Object, current, believed, token), token)) Interlocked.Increment(ref failed);
        });
        await Parallel.ForEachAsync(Records(current).Where(g => believed(g.Status.RecordSeal!)).ToList(), options, async (grant, token) =>
        {
            if (!await TryAsync(grant, () => ResealRecordAsync(grant.Metadata.Name, current, believed, token), token)) Interlocked.Increment(ref failed);
        });
        return failed;
    }

    private IEnumerable<(SealedKind Kind, IKubernetesObject<V1ObjectMeta> Object)> Objects(SealKey current) =>
        from kind in SealedKind.All
        from o in kind.Needed(caches)
        where o.Metadata.DeletionTimestamp is null && Seal.TryParse(Seal.Of(o), out var seal) && seal.KeyId != current.Id && IsGood(o)
        select (kind, o);

    private IEnumerable<BreakGlassGrant> Records(SealKey current) => caches.LiveGrants.Where(g => g.Status.IsRecorded
        && RecordSeal.KeyOf(g.Status.RecordSeal) is { } id && id != current.Id && RecordSeal.Verify(g, keyring.Keys) is SealState.Valid);

    /// <summary>Of a request with many words the caches hold no more than that it is there; it is read before it is sealed.</summary>
    private bool IsGood(IKubernetesObject<V1ObjectMeta> o) =>
        (o is BreakGlassGrant grant && CacheTransforms.IsShed(grant)) || keyring.Verify(o) is SealState.Valid;

    private async Task<bool> ResealAsync(
        SealedKind kind, IKubernetesObject<V1ObjectMeta> o, SealKey current, Func<string, bool> believed, CancellationToken cancellationToken)
    {
        if (o is BreakGlassGrant part && CacheTransforms.IsShed(part))
        {
            if (await client.TryGetAsync<BreakGlassGrant>(o.Metadata.Name, null, cancellationToken) is not { } whole) return true;
            if (Seal.Of(whole) is not { } text || !believed(text) || keyring.Verify(whole) is not SealState.Valid) return true;
            o = whole;
        }

        if (!Seal.TryParse(Seal.Of(o), out var seal)) return true;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = o.Metadata.Uid,
                ["resourceVersion"] = o.Metadata.ResourceVersion,
                ["annotations"] = new JsonObject
                {
                    [TouchedAnnotation] = Timestamp.Text(time.GetUtcNow()),
                    [Seal.Annotation] = Seal.Make(o, current, seal.SealedAt).ToString(),
                },
            },
        };
        var written = await kind.SealAsync(client, o, patch, cancellationToken);
        caches.Learn(written);

        // A replica that does not know the new key yet has sealed it with the old one.
        return Seal.TryParse(Seal.Of(written), out var now) && now.KeyId == current.Id;
    }

    private async Task<bool> ResealRecordAsync(string name, SealKey current, Func<string, bool> believed, CancellationToken cancellationToken)
    {
        if (await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken) is not { } grant || grant.Status.IsTerminal) return true;
        if (grant.Status.RecordSeal is not { } text || !believed(text) || RecordSeal.Verify(grant, keyring.Keys) is not SealState.Valid) return true;
        var status = grant.Status with { RecordSeal = RecordSeal.Make(grant.Metadata.Uid!, grant.Status, current) };
        caches.Learn(await client.ReplaceStatusAsync(grant with { Status = status }, cancellationToken));
        return true;
    }

    private async Task<bool> TryAsync(IKubernetesObject<V1ObjectMeta> o, Func<Task<bool>> seal, CancellationToken cancellationToken)
    {
        try
        {
            return await seal();
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return true;
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            // Somebody wrote it at the same time.
            if (o is BreakGlassGrant) await LookAsync(o, cancellationToken);
            return false;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.NotResealed(o.KindName, o.Metadata.Name, e);
            return false;
        }
    }

    private async Task LookAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        try
        {
            await caches.LookAsync(client, o, cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            logger.NotResealed(o.KindName, o.Metadata.Name, e);
        }
    }
}
