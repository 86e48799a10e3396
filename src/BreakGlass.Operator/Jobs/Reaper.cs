using System.Collections.Frozen;

namespace BreakGlass.Operator.Jobs;

/// <summary>
/// The second hand on the switch: ends whatever is past its <c>breakglass.dev/expires-at</c>, by what stands on the objects alone. It needs no
/// leader, no cache, no CustomResourceDefinition and no running operator, and it can run beside one: both delete by UID. Where the grants can be
/// read it also ends the bindings that they record, which may have been stripped of their marks. For an uninstall it ends everything, also what has time left.
/// </summary>
internal sealed class Reaper(KubeClient client, CoreSettings settings, SteadyClock time, ILogger logger, bool everything = false)
{
    private const string Ours = BreakGlassApi.GrantLabel;

    /// <summary>How long one pass waits for clocks that differ; the job's own time is limited too.</summary>
    public static readonly TimeSpan ClockPatience = TimeSpan.FromSeconds(20);

    // A page of the largest that admission lets in has a few MB. Anybody who may write bindings can make many that carry our label.
    private const int PageOfGrants = 100;
    private const int PageOfOwned = 500;

    /// <summary>How many recorded places are looked at side by side.</summary>
    private const int AtOnce = 8;

    private static readonly FrozenDictionary<string, string> Nothing = FrozenDictionary<string, string>.Empty;

    /// <summary>How long one pass waits for one call: it does not come again before a minute.</summary>
    private static readonly TimeSpan CutPatience = TimeSpan.FromSeconds(10);

    /// <summary>One pass.</summary>
    /// <returns>How many objects are gone now, and how many could not be removed.</returns>
    public async Task<(int Removed, int Failed)> ReapAsync(CancellationToken cancellationToken)
    {
        // Nobody's access is ended by one wrong clock, or one wrong answer. What is due by both this machine's clock and the API server's needs no waiting.
        time.Follow(client);
        if (!everything) await new ClockKeeper(client, time, logger.ClockSkew).SettleAsync(ClockPatience, cancellationToken);

        // Bindings first, which cuts access at once; and none of the others waits for one that is not let go.
        using var remover = new ObjectRemover(client, time, CutPatience);
        var results = await Task.WhenAll(OwnedResources.All.Select(resource => ReapAsync(remover, resource, cancellationToken)));
        return results.Append(await ReapRecordedAsync(remover, cancellationToken)).Aggregate(Add);
    }

    private async Task<(int Removed, int Failed)> ReapRecordedAsync(ObjectRemover remover, CancellationToken cancellationToken)
    {
        IReadOnlyList<BreakGlassGrant> grants;
        try
        {
            grants = (await client.ListAsync<BreakGlassGrant>(new() { Limit = PageOfGrants }, WithRecord, cancellationToken)).Items;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            if (await client.AreUninstalledAsync(e, cancellationToken)) return (0, 0);
            logger.ReapListFailed(KubeKinds.Of<BreakGlassGrant>().Resource.ToString(), e);
            return (0, 1);
        }

        var now = time.GetUtcNow();
        var results = new ConcurrentBag<bool>();
        var places = grants.Where(g => everything || GrantEnd.Of(g, settings)?.At <= now)
            .SelectMany(g => g.Status.Bindings.Select(b => (Grant: g, Place: GrantNames.Place(b))));
        await Parallel.ForEachAsync(
            places, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (recorded, ct) =>
            {
                if (await ReapPlaceAsync(remover, recorded.Grant, recorded.Place, ct) is { } gone) results.Add(gone);
            });
        return (results.Count(r => r), results.Count(r => !r));
    }

    /// <summary>Null: there is nothing of the grant. A place that cannot be read holds up none of the others.</summary>
    private async Task<bool?> ReapPlaceAsync(ObjectRemover remover, BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> place,
        CancellationToken cancellationToken)
    {
        try
        {
            return await client.TryGetAsync(place, cancellationToken) is { } there && GrantLifecycle.IsOf(grant, there)
                ? await RemoveAsync(remover, there, cancellationToken) : null;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            logger.ReapFailed(place.KindName, place.Key.ToString(), e);
            return false;
        }
    }

    /// <summary>A grant that may have bindings, without what is not read here: there may be thousands, and each may be large.</summary>
    private BreakGlassGrant WithRecord(BreakGlassGrant grant)
    {
        var isRead = everything || GrantEnd.Of(grant, settings) is not null;
        return grant with
        {
            Metadata = grant.Metadata with { Annotations = Nothing, Labels = Nothing },
            Spec = grant.Spec with { Justification = "", RecipientKey = null, Requester = grant.Spec.Requester is { } who ? who with { Groups = [] } : null },
            Status = grant.Status with { Bindings = isRead ? grant.Status.Bindings : [],
                Conditions = [.. grant.Status.Conditions.Select(c => c with { Message = "" })], Residue = [], Session = null, CredentialJwe = null,
                Gateway = null },
        };
    }

    private async Task<(int Removed, int Failed)> ReapAsync(ObjectRemover remover, OwnedResource resource, CancellationToken cancellationToken)
    {
        var ns = resource.Kind.Order is RemovalOrder.Access ? null : settings.GrantsNamespace;
        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> objects;
        try
        {
            objects = await resource.ListAsync(client, new() { Namespace = ns, LabelSelector = Ours, Limit = PageOfOwned }, cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            // The other kinds are still worth a try.
            logger.ReapListFailed(resource.Resource.ToString(), e);
            return (0, 1);
        }

        var now = time.GetUtcNow();
        var over = objects.Where(o => Ownership.MadeFor(o, settings) is not null && (everything || GrantEnd.OfObject(o)?.At <= now));
        var results = await Task.WhenAll(over.Select(o => RemoveAsync(remover, o, cancellationToken)));
        return (results.Count(r => r), results.Count(r => !r));
    }

    /// <summary>False: it is still there, if only as a binding without subjects.</summary>
    private async Task<bool> RemoveAsync(ObjectRemover remover, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var cut = await remover.RemoveAsync(o, cancellationToken);
        if (cut.Result is RemovalResult.Obstructed)
        {
            if (Obstruction.IsEmptied(cut.Object)) logger.ReapedSubjects(o.KindName, o.Key.ToString(), cut.Error);
            else logger.ReapFailed(o.KindName, o.Key.ToString(), cut.Error);
            return false;
        }

        if (cut.Result is RemovalResult.Gone)
            logger.Reaped(o.KindName, o.Key.ToString(), o.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.ExpiresAtAnnotation) ?? "unknown");
        return true;
    }

    private static (int, int) Add((int Removed, int Failed) a, (int Removed, int Failed) b) => (a.Removed + b.Removed, a.Failed + b.Failed);
}
