namespace BreakGlass.Operator.Reconciling;

/// <summary>Which change in the cluster has which grant or policy looked at. Handlers only enqueue.</summary>
internal sealed class ReconcileTriggers(
    ClusterCaches caches, WorkQueue<string> grants, WorkQueue<string> policies, WorkQueue<string> lockdowns, WorkQueue<string> authorities,
    EndSchedule ends) : IDisposable
{
    /// <summary>The status of a policy, or of a lockdown, follows its grants at this distance, so that a burst of them is one write.</summary>
    private static readonly TimeSpan StatusLag = TimeSpan.FromSeconds(1);

    private readonly List<IDisposable> _handlers = [];

    public void Connect()
    {
        _handlers.Add(caches.Grants.AddHandler(OnGrant));
        _handlers.Add(caches.Policies.AddHandler(OnPolicy));
        _handlers.Add(caches.Approvals.AddHandler(c => OnVerdict(c.Object.Spec.Grant, c.IsInitialList || c.IsSameVersion)));
        _handlers.Add(caches.Reviews.AddHandler(c => OnVerdict(c.Object.Spec.Grant, c.IsInitialList || c.IsSameVersion)));
        _handlers.Add(caches.Lockdowns.AddHandler(OnLockdown));
        _handlers.Add(caches.Authorities.AddHandler(OnAuthority));
        _handlers.Add(caches.Namespaces.AddHandler(OnNamespace));
        _handlers.Add(caches.ClusterRoles.AddHandler(
            c => OnRole(c.Old?.RulesOrEmpty, c.Object.RulesOrEmpty, c.Kind, c.IsSameVersion, $"{V1ClusterRole.KubeKind}/{c.Object.Metadata.Name}")));
        _handlers.Add(caches.Roles.AddHandler(
            c => OnRole(c.Old?.RulesOrEmpty, c.Object.RulesOrEmpty, c.Kind, c.IsSameVersion, $"{V1Role.KubeKind}/{c.Object.Metadata.Name}")));
        _handlers.AddRange(caches.AddOwnedHandlers(OnOwned));
    }

    /// <summary>Nothing is queued any more.</summary>
    public void Dispose() => _handlers.ForEach(handler => handler.Dispose());

    /// <summary>
    /// Has everything looked at that could need it: what is active, and what was made for any grant. The first time each live grant is in its own lane
    /// before any is processed: a grant alone in a lane would be cut, proven and tidied up while the others still have their access.
    /// </summary>
    public void Sweep(bool isFirst)
    {
        foreach (var grant in caches.LiveGrants) grants.Add(grant.Metadata.Name, isFirst ? ends.LaneOf(grant) : Lane.Background);
        foreach (var grant in caches.GrantsOfObjects()) grants.Add(grant, Lane.Background);
        foreach (var policy in caches.Policies.Store.List()) policies.Add(policy.Metadata.Name, Lane.Background);
        foreach (var lockdown in caches.Lockdowns.Store.List()) lockdowns.Add(lockdown.Metadata.Name, Lane.Background);
        foreach (var authority in caches.Authorities.Store.List()) authorities.Add(authority.Metadata.Name, Lane.Background);
    }

    private void OnGrant(Change<BreakGlassGrant> change)
    {
        if (change.Kind is not ChangeKind.Deleted) ends.Set(change.Object);

        // A policy counts its grants, also where it was us who changed them.
        policies.AddAfter(change.Object.Spec.Policy, StatusLag);
        if (caches.Lockdowns.Store.Count > 0)
        {
            foreach (var lockdown in caches.Lockdowns.Store.List()) lockdowns.AddAfter(lockdown.Metadata.Name, StatusLag);
        }

        // What we wrote ourselves comes back by the watch; it is known already.
        if (change.IsSameVersion && !change.IsInitialList) return;
        var lane = ends.LaneOf(change.Object);
        if (lane is Lane.Urgent) ends.GiveUp(change.Object.Metadata.Name);
        grants.Add(change.Object.Metadata.Name,
            change.IsInitialList && lane is Lane.Normal && change.Object.Status.EndedAt is not null ? Lane.Background : lane);
    }

    private void OnPolicy(Change<BreakGlassPolicy> change)
    {
        var name = change.Object.Metadata.Name;
        if (change.IsSameVersion && !change.IsInitialList) return;
        var isStatusOnly = IsStatusOnly(change);
        Queue(policies, name, isStatusOnly);
        if (change.IsInitialList || isStatusOnly) return;
        foreach (var grant in caches.LiveGrants)
        {
            if (grant.Spec.Policy == name) ends.End(grant.Metadata.Name);
        }
    }

    /// <summary>
    /// A status that changed is looked at later. It may be one of ours that the watch tells of before our own answer came, or another operator's, which
    /// sees other things for a while: put right at once, either would go on in a loop.
    /// </summary>
    private static void Queue(WorkQueue<string> queue, string name, bool isStatusOnly)
    {
        if (isStatusOnly) queue.AddAfter(name, StatusLag);
        else queue.Add(name);
    }

    /// <summary>Labels count, since lockdowns select by them, and annotations, since the seal is one.</summary>
    private static bool IsStatusOnly<T>(Change<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (change is not { Kind: ChangeKind.Updated, Old.Metadata: { } before, Object.Metadata: { } after }) return false;
        static bool Same(IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
            a.Count == b.Count && a.All(p => b.TryGetValue(p.Key, out var value) && value == p.Value);
        return before.Generation == after.Generation && before.DeletionTimestamp == after.DeletionTimestamp
            && Same(change.Old.LabelsOrEmpty, change.Object.LabelsOrEmpty)
            && Same(change.Old.AnnotationsOrEmpty, change.Object.AnnotationsOrEmpty);
    }

    private void OnVerdict(string grant, bool isKnown)
    {
        if (!isKnown) grants.Add(grant);
    }

    private void OnLockdown(Change<BreakGlassLockdown> change)
    {
        if (change.IsSameVersion && !change.IsInitialList) return;
        Queue(lockdowns, change.Object.Metadata.Name, IsStatusOnly(change));

        // What it shuts goes before everything; what it shut is free to be looked at once it is lifted. Another UID: it was lifted, and there is a new one.
        if (change.IsInitialList || (IsStatusOnly(change) && change.Old?.Metadata.Uid == change.Object.Metadata.Uid)) return;
        foreach (var grant in caches.LiveGrants) ends.End(grant.Metadata.Name);
    }

    /// <summary>A lockdown that the watch has not shown: it shuts at once. The watch tells of it later, as of a new one.</summary>
    public void Found(BreakGlassLockdown lockdown)
    {
        caches.LearnRead(lockdown);

        // An answer that the watch has overtaken is not learned.
        if (caches.Lockdowns.Store.Get(new("", lockdown.Metadata.Name))?.Metadata.Uid != lockdown.Metadata.Uid) return;
        lockdowns.Add(lockdown.Metadata.Name);
        foreach (var grant in caches.LiveGrants) ends.End(grant.Metadata.Name);
    }

    /// <summary>A change may end every grant by a voucher of the authority.</summary>
    private void OnAuthority(Change<BreakGlassAuthority> change)
    {
        var name = change.Object.Metadata.Name;

        // The policies that accept its vouchers say whether it is Ready, also where it was us who wrote that.
        foreach (var policy in caches.Policies.Store.List())
        {
            if (policy.Spec.Vouchers?.Authority == name) policies.AddAfter(policy.Metadata.Name, StatusLag);
        }

        if (change.IsSameVersion && !change.IsInitialList) return;
        var isStatusOnly = IsStatusOnly(change);
        Queue(authorities, name, isStatusOnly);
        if (change.IsInitialList || isStatusOnly) return;
        foreach (var grant in caches.LiveGrants)
        {
            if (VoucherRules.StampOf(grant) is not null && caches.Policy(grant.Spec.Policy)?.Spec.Vouchers?.Authority == name) ends.End(grant.Metadata.Name);
        }
    }

    private void OnNamespace(Change<V1Namespace> change)
    {
        if (change.IsInitialList || change.IsSameVersion) return;
        foreach (var grant in caches.LiveGrants)
        {
            if (grant.Status.Access.Any(e => e.NamespaceSelector is not null || e.Namespaces.Contains(change.Object.Metadata.Name)))
                grants.Add(grant.Metadata.Name);
        }
    }

    private void OnRole(IReadOnlyList<V1PolicyRule>? before, IReadOnlyList<V1PolicyRule> after, ChangeKind kind, bool sameVersion, string role)
    {
        if (sameVersion || (kind is ChangeKind.Updated && before is not null && RoleRisk.Hash(before) == RoleRisk.Hash(after))) return;
        foreach (var policy in caches.Policies.Store.ByIndex(ClusterCaches.ByRole, role)) policies.Add(policy.Metadata.Name);

        // A binding to a role that is gone gives nothing, and its grant says so.
        if (kind is ChangeKind.Updated) return;
        foreach (var grant in caches.LiveGrants)
        {
            if (grant.Status.Access.Any(e => e.RoleRef.ToString() == role)) grants.Add(grant.Metadata.Name, Lane.Background);
        }
    }

    private void OnOwned(string grant, ChangeKind kind)
    {
        // Where access is over, no person waits for what is still taken away; what comes back, or was never cut, goes first.
        var lane = caches.Grant(grant) is { Status.IsTerminal: true } over ? ends.LaneOf(over) : Lane.Normal;
        grants.Add(grant, lane is Lane.Background && kind is not ChangeKind.Deleted ? Lane.Normal : lane);
    }
}
