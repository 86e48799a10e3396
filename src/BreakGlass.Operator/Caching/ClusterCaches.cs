namespace BreakGlass.Operator.Caching;

/// <summary>
/// Everything the operator watches. Of Secrets only the metadata is asked for, and of the objects that can be many only those that carry our
/// label, so that no secret and no foreign binding is ever in memory.
/// </summary>
internal sealed class ClusterCaches
{
    /// <summary>Index of grants and policies, and of owned objects: by policy, by liveness, by role, by grant.</summary>
    public const string ByPolicy = "policy";
    public const string ByLiveness = "liveness";
    public const string ByRole = "role";
    public const string ByGrant = "grant";
    public const string ByVoucher = "voucher";
    public const string ByDrill = "drill";
    public const string Live = "live";

    /// <summary>A label that no other project uses. What loses it leaves the cache, which has its grant looked at.</summary>
    private const string OwnedSelector = BreakGlassApi.GrantLabel;

    private readonly Dictionary<Type, ICache> _all = [];
    private readonly List<ICache> _owned = [];
    private readonly KubeClient _client;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _logs;
    private readonly string _grantsNamespace;

    public ClusterCaches(KubeClient client, CoreSettings settings, TimeProvider time, ILoggerFactory logs)
    {
        (_client, _grantsNamespace, _time, _logs) = (client, settings.GrantsNamespace, time, logs);
        Grants = Watch<BreakGlassGrant>(new()
        {
            Transform = CacheTransforms.Grant,
            Indexers = new Dictionary<string, Func<BreakGlassGrant, IEnumerable<string>>>
            {
                [ByPolicy] = g => [g.Spec.Policy],
                [ByLiveness] = g => g.Status.IsTerminal ? [] : [Live],
                [ByVoucher] = g => VoucherRules.StampOf(g) is { } id ? [id] : [],
                [ByDrill] = g => DrillRules.NamedBy(g) is { } drill ? [drill] : [],
            },
        });
        Policies = Watch<BreakGlassPolicy>(new()
        {
            Transform = o => o with { Metadata = CacheTransforms.Annotations(o.Metadata) },
            Indexers = new Dictionary<string, Func<BreakGlassPolicy, IEnumerable<string>>>
            {
                [ByRole] = p => p.Spec.Access.Select(e => e.RoleRef.ToString()).Distinct(),
            },
        });
        Approvals = Watch<BreakGlassApproval>(new()
        {
            Transform = o => o with { Metadata = CacheTransforms.Marks(o.Metadata) }, Indexers = ByGrantOf<BreakGlassApproval>(a => [a.Spec.Grant]),
        });
        Reviews = Watch<BreakGlassReview>(new()
        {
            Transform = o => o with { Metadata = CacheTransforms.Marks(o.Metadata) }, Indexers = ByGrantOf<BreakGlassReview>(r => [r.Spec.Grant]),
        });
        Lockdowns = Watch<BreakGlassLockdown>(new() { Transform = o => o with { Metadata = CacheTransforms.Marks(o.Metadata) } });
        Authorities = Watch<BreakGlassAuthority>(new() { Transform = o => o with { Metadata = CacheTransforms.Annotations(o.Metadata) } });
        Drills = Watch<BreakGlassDrill>(new()
        {
            Transform = o => o with { Metadata = CacheTransforms.Annotations(o.Metadata) with { Labels = null } },
        });
        Sessions = settings.HasSessions ? Watch<BreakGlassSession>(new() { Transform = CacheTransforms.Session }) : null;
        Namespaces = Watch<V1Namespace>(new() { Transform = o => o with { Metadata = CacheTransforms.Annotations(o.Metadata) } });
        ClusterRoles = Watch<V1ClusterRole>(new() { Transform = o => o with { Metadata = CacheTransforms.Annotations(o.Metadata) } });
        foreach (var resource in OwnedResources.All) resource.WatchIn(this);
        Roles = ((Cache<V1Role>)_all[typeof(V1Role)]).Informer;
        View = new(Namespaces.Store, ClusterRoles.Store, Roles.Store);
    }

    public Informer<BreakGlassGrant> Grants { get; }

    public Informer<BreakGlassPolicy> Policies { get; }

    public Informer<BreakGlassApproval> Approvals { get; }

    public Informer<BreakGlassReview> Reviews { get; }

    public Informer<BreakGlassLockdown> Lockdowns { get; }

    public Informer<BreakGlassAuthority> Authorities { get; }

    public Informer<BreakGlassDrill> Drills { get; }

    /// <summary>The totals of sessions; null if nothing shows what is done with grants.</summary>
    public Informer<BreakGlassSession>? Sessions { get; }

    public Informer<V1Namespace> Namespaces { get; }

    public Informer<V1ClusterRole> ClusterRoles { get; }

    public Informer<V1Role> Roles { get; }

    public CachedView View { get; }

    /// <summary>Whether the namespace of the grants' identities is known to be missing, or about to go.</summary>
    public bool LacksGrantsNamespace => Namespaces.HasSynced && Namespaces.Store.Get(new("", _grantsNamespace)) is not { Metadata.DeletionTimestamp: null };

    public bool HasSynced => _all.Values.All(c => c.HasSynced);

    /// <summary>The kinds whose watch got stuck: no event, bookmark or list for longer than any watch lasts.</summary>
    public IReadOnlyList<string> Stuck => [.. _all.Values.Where(c => !c.IsHealthy).Select(c => c.Kind)];

    /// <summary>The kinds that were not listed yet.</summary>
    public IReadOnlyList<string> Unsynced => [.. _all.Values.Where(c => !c.HasSynced).Select(c => c.Kind)];

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_all.Values.Select(c => c.RunAsync(cancellationToken)));

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(_all.Values.Select(c => c.WaitForSyncAsync(cancellationToken)));

    public BreakGlassGrant? Grant(string name) => Grants.Store.Get(new("", name));

    /// <summary>A grant that is whole in the cache; null where it is kept only in part, and has to be read to write its status.</summary>
    public BreakGlassGrant? WholeGrant(string name) => Grant(name) is { } grant && !CacheTransforms.IsShed(grant) ? grant : null;

    public BreakGlassPolicy? Policy(string name) => Policies.Store.Get(new("", name));

    public BreakGlassDrill? Drill(string name) => Drills.Store.Get(new("", name));

    public BreakGlassAuthority? Authority(string name) => Authorities.Store.Get(new("", name));

    /// <summary>The authority whose vouchers a policy accepts; null if it accepts none, or the authority does not exist.</summary>
    public BreakGlassAuthority? AuthorityOf(BreakGlassPolicy? policy) => policy?.Spec.Vouchers is { } terms ? Authority(terms.Authority) : null;

    /// <summary>For people: that the namespace of the grants' identities is missing, and how to bring it back; null where it is there.</summary>
    public string? MissingNamespace => LacksGrantsNamespace
        ? $"namespace {_grantsNamespace} is missing, so grants with a token cannot become active. Create it again, with the operator's Role and RoleBinding "
            + "in it (kubectl apply -k config/rbac, or helm upgrade)"
        : null;

    /// <summary>Grants that are not over.</summary>
    public IReadOnlyList<BreakGlassGrant> LiveGrants => Grants.Store.ByIndex(ByLiveness, Live);

    /// <summary>What may have been made for a grant, by label, owner or name. Whether it was is for the decisions.</summary>
    public List<IKubernetesObject<V1ObjectMeta>> ObjectsOf(string grant) => [.. _owned.SelectMany(c => c.Of(grant))];

    /// <summary>The names of all grants that an object of ours says it was made for.</summary>
    public IEnumerable<string> GrantsOfObjects() => _owned.SelectMany(c => c.List()).SelectMany(Ownership.Names).Distinct();

    /// <summary>Calls a function with the name of each grant that a change of one of its objects can matter to.</summary>
    public IEnumerable<IDisposable> AddOwnedHandlers(Action<string, ChangeKind> onGrant) => _owned.ConvertAll(c => c.AddGrantHandler(onGrant));

    /// <summary>Puts the API server's answer to a write of ours into the cache it belongs to.</summary>
    public void Learn(IKubernetesObject<V1ObjectMeta> o) => Of(o)?.Learn(o, isRead: false);

    /// <summary>Puts what a read of ours found into the cache it belongs to; the watch still tells all others.</summary>
    public void LearnRead(IKubernetesObject<V1ObjectMeta> o) => Of(o)?.Learn(o, isRead: true);

    /// <summary>Takes an object that the API server deleted for us out of its cache.</summary>
    public void LearnDeleted(IKubernetesObject<V1ObjectMeta> o) => Of(o)?.LearnDeleted(o.Key, o.Metadata.Uid ?? "");

    /// <summary>Has the cache show what is in a place now.</summary>
    public Task LookAsync(KubeClient client, IKubernetesObject<V1ObjectMeta> place, CancellationToken cancellationToken) =>
        _all[place.GetType()].LookAsync(client, place.Metadata, cancellationToken);

    /// <summary>Watches one of the <see cref="OwnedKinds"/>.</summary>
    public void WatchOwned<T>(OwnedKind kind, Func<T, T>? shed)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var isConfined = kind is { IsSelected: true, Order: not RemovalOrder.Access };
        Watch<T>(new()
        {
            Transform = shed,
            LabelSelector = kind.IsSelected ? OwnedSelector : null,
            Namespace = isConfined ? _grantsNamespace : null,
            IsNamespaceGone = isConfined ? async token => await _client.TryGetAsync<V1Namespace>(_grantsNamespace, null, token) is null : null,
            Indexers = ByGrantOf<T>(o => Ownership.Names(o)),
        });
        _owned.Add(_all[typeof(T)]);
    }

    private static Dictionary<string, Func<T, IEnumerable<string>>> ByGrantOf<T>(Func<T, IEnumerable<string>> names) => new() { [ByGrant] = names };

    private Informer<T> Watch<T>(InformerOptions<T> options)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var informer = new Informer<T>(_client, options, _time, _logs.CreateLogger($"Informer.{KubeKinds.Of<T>().Resource}"));
        _all.Add(typeof(T), new Cache<T>(informer));
        return informer;
    }

    private ICache? Of(IKubernetesObject<V1ObjectMeta> o) => _all.GetValueOrDefault(o.GetType());

    /// <summary>One cache, whatever it holds.</summary>
    private interface ICache
    {
        string Kind { get; }

        bool HasSynced { get; }

        bool IsHealthy { get; }

        Task RunAsync(CancellationToken cancellationToken);

        Task WaitForSyncAsync(CancellationToken cancellationToken);

        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> List();

        IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Of(string grant);

        IDisposable AddGrantHandler(Action<string, ChangeKind> onGrant);

        void Learn(IKubernetesObject<V1ObjectMeta> o, bool isRead);

        void LearnDeleted(ObjectKey key, string uid);

        Task LookAsync(KubeClient client, V1ObjectMeta place, CancellationToken cancellationToken);
    }

    private sealed class Cache<T>(Informer<T> informer) : ICache
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        public Informer<T> Informer => informer;

        public string Kind => KubeKinds.Of<T>().Resource.ToString();

        public bool HasSynced => informer.HasSynced;

        public bool IsHealthy => informer.IsHealthy;

        public Task RunAsync(CancellationToken cancellationToken) => informer.RunAsync(cancellationToken);

        public Task WaitForSyncAsync(CancellationToken cancellationToken) => informer.WaitForSyncAsync(cancellationToken);

        public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> List() => informer.Store.List();

        public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Of(string grant) => informer.Store.ByIndex(ByGrant, grant);

        public IDisposable AddGrantHandler(Action<string, ChangeKind> onGrant) => informer.AddHandler(change =>
        {
            if (change.IsSameVersion && !change.IsInitialList) return;

            // A label that was overwritten is the affair of two grants.
            foreach (var grant in Ownership.Names(change.Object).Union(change.Old is null ? [] : Ownership.Names(change.Old))) onGrant(grant, change.Kind);
        });

        /// <summary>One without the label that the cache selects by would never leave it again.</summary>
        public void Learn(IKubernetesObject<V1ObjectMeta> o, bool isRead)
        {
            if (!GrantObjects.IsWatched(o)) return;
            if (isRead) informer.Store.LearnRead((T)o);
            else informer.Store.Learn((T)o);
        }

        public void LearnDeleted(ObjectKey key, string uid) => informer.Store.LearnDeleted(key, uid);

        public async Task LookAsync(KubeClient client, V1ObjectMeta place, CancellationToken cancellationToken)
        {
            var seen = informer.Store.Get(new(place.NamespaceProperty ?? "", place.Name));
            if (await client.TryGetAsync<T>(place.Name, place.NamespaceProperty, cancellationToken) is { } there) Learn(there, isRead: true);
            else if (seen is not null) LearnDeleted(seen.Key, seen.Metadata.Uid ?? "");
        }
    }
}
