namespace BreakGlass.Operator.Execution;

/// <summary>
/// Reads from the API server itself, where a decision must not rest on a cache that may be behind. What is read goes into the caches, so that the next
/// decision sees it.
/// </summary>
internal sealed class LiveReads(KubeClient client, ClusterCaches caches, LockdownReads lockdowns)
{
    /// <summary>A policy of this many roles and namespaces is read in full before a grant of it is denied; one of more, for the most part.</summary>
    private const int MostReads = 64;

    /// <summary>Has the cache show what is in a place now.</summary>
    public Task LookAsync(IKubernetesObject<V1ObjectMeta> place, CancellationToken cancellationToken) => caches.LookAsync(client, place, cancellationToken);

    /// <summary>A grant of which the cache holds only a part, for the rest of the run.</summary>
    public async Task ReadWholeAsync(BreakGlassGrant grant, LiveRun run, CancellationToken cancellationToken)
    {
        run.Whole = await client.TryGetAsync<BreakGlassGrant>(grant.Metadata.Name, null, cancellationToken);
        if (run.Whole is { } there) caches.LearnRead(there);
        else caches.LearnDeleted(grant);
    }

    /// <summary>The grant's policy with its roles, namespaces and authority, and the grant's credential; the lockdowns, if they are asked for.</summary>
    public async Task<StepResult> RefreshAsync(BreakGlassGrant grant, PlanStep.Refresh look, CancellationToken cancellationToken)
    {
        var credential = Task.WhenAll(OwnedKinds.Places(grant).Where(OwnedKinds.IsCredential).Select(p => LookAsync(p, cancellationToken)));
        await LookAsync(new BreakGlassPolicy { Metadata = new() { Name = grant.Spec.Policy } }, cancellationToken);
        if (caches.Policy(grant.Spec.Policy) is { } policy)
        {
            if (policy.Spec.Vouchers is { } terms)
                await LookAsync(new BreakGlassAuthority { Metadata = new() { Name = terms.Authority } }, cancellationToken);
            foreach (var read in await Task.WhenAll(policy.Spec.Access.SelectMany(e => Reads(e, cancellationToken)).Take(MostReads)))
            {
                foreach (var o in read) caches.LearnRead(o);
            }
        }

        try
        {
            await credential;
        }
        catch (KubeApiException e) when (e.IsServerError || e.IsForbidden)
        {
            // Forbidden: with their namespace the operator's rights in it are gone, see IsGoneWithItsNamespaceAsync. Secrets can be unreadable for a while
            // (encryption at rest whose key service is down). What ends access does not wait for that, and what would be made again in error is there
            // already, or of another UID.
        }

        // Last, so that little can come between this and the next decision.
        return look.WithLockdowns && await lockdowns.CompareAsync(cancellationToken) is { } lifted
            ? new StepResult.NoAnswer(
                $"BreakGlassLockdown {lifted.Metadata.Name} is not in the API server's list; the grant waits until the watch shows whether it was deleted.")
            : new StepResult.Done();
    }

    /// <summary>Other grants of the policy.</summary>
    public Task ReadSiblingsAsync(PlanStep.ReadSiblings look, CancellationToken cancellationToken) =>
        Task.WhenAll(look.Names.Select(name => LookAsync(new BreakGlassGrant { Metadata = new() { Name = name } }, cancellationToken)));

    /// <summary>Objects of the grant that no cache shows. A place that cannot be read holds up no cut, but is named.</summary>
    public async Task<StepResult> FindAsync(PlanStep.Find find, CoreSettings settings, CancellationToken cancellationToken)
    {
        var looks = await Task.WhenAll(find.Places.Select(async place => (Place: place, Look: await FindAsync(place, settings, cancellationToken))));
        var found = looks.Select(l => l.Look.Object).OfType<IKubernetesObject<V1ObjectMeta>>();
        return new StepResult.Found([.. found], [.. looks.Where(l => !l.Look.IsRead).Select(l => l.Place)]);
    }

    private async Task<(IKubernetesObject<V1ObjectMeta>? Object, bool IsRead)> FindAsync(
        IKubernetesObject<V1ObjectMeta> place, CoreSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.TryGetAsync(place, cancellationToken), true);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return (null, await IsGoneWithItsNamespaceAsync(place, e, settings, cancellationToken));
        }
    }

    /// <summary>
    /// Whether an object was deleted together with its namespace. The operator's rights in the grants' namespace stand in that namespace, so once it
    /// is deleted every call into it is answered with 403 rather than 404.
    /// </summary>
    public async Task<bool> IsGoneWithItsNamespaceAsync(
        IKubernetesObject<V1ObjectMeta> o, Exception? refusal, CoreSettings settings, CancellationToken cancellationToken) =>
            refusal is KubeApiException { IsForbidden: true } && o.Metadata.NamespaceProperty == settings.GrantsNamespace
                && await IsGrantsNamespaceGoneAsync(settings, cancellationToken);

    /// <summary>Whether the namespace of the grants' identities is not there.</summary>
    public async Task<bool> IsGrantsNamespaceGoneAsync(CoreSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            return await client.TryGetAsync<V1Namespace>(settings.GrantsNamespace, null, cancellationToken) is null;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException)
        {
            return false;
        }
    }

    /// <summary>Before something is removed as an orphan of a grant: the cache of grants may be behind that of the object.</summary>
    public async Task<bool> IsWantedAfterAllAsync(string name, IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken)
    {
        var grant = await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken);
        if (grant is null || !(GrantNames.Owns(grant, o) || Ownership.IsOf(grant, o))) return false;
        caches.LearnRead(grant);
        return true;
    }

    private IEnumerable<Task<IEnumerable<IKubernetesObject<V1ObjectMeta>>>> Reads(AccessEntry entry, CancellationToken cancellationToken)
    {
        async Task<IEnumerable<IKubernetesObject<V1ObjectMeta>>> One<T>(string name, string? ns)
            where T : class, IKubernetesObject<V1ObjectMeta> => await client.TryGetAsync<T>(name, ns, cancellationToken) is { } o ? [o] : [];

        async Task<IEnumerable<IKubernetesObject<V1ObjectMeta>>> Namespaces() => (await client.ListAsync<V1Namespace>(new(), cancellationToken)).Items;

        if (entry.RoleRef.Kind == V1ClusterRole.KubeKind) yield return One<V1ClusterRole>(entry.RoleRef.Name, null);
        if (entry.NamespaceSelector is not null) yield return Namespaces();
        foreach (var ns in entry.Namespaces)
        {
            yield return One<V1Namespace>(ns, null);
            if (entry.RoleRef.Kind == V1Role.KubeKind) yield return One<V1Role>(entry.RoleRef.Name, ns);
        }
    }
}
