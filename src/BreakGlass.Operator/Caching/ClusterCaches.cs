using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Rules;
using k8s;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;

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
    public const string Live = "live";

    /// <summary>A label that no other project uses. What loses it leaves the cache, which has its grant looked at.</summary>
    private const string OwnedSelector = BreakGlassApi.GrantLabel;

    private readonly List<ICache> _all = [];
    private readonly string _grantsNamespace;

    public ClusterCaches(KubeClient client, CoreSettings settings, TimeProvider time, ILoggerFactory logs)
    {
        _grantsNamespace = settings.GrantsNamespace;

        Informer<T> Watch<T>(InformerOptions<T> options)
            where T : class, IKubernetesObject<V1ObjectMeta>
        {
            var informer = new Informer<T>(client, options, time, logs.CreateLogger($"Informer.{KubeKinds.Of<T>().Resource}"));
            _all.Add(new Cache<T>(informer));
            return informer;
        }

        async Task<bool> IsGone(CancellationToken cancellationToken) => await client.TryGetAsync<V1Namespace>(settings.GrantsNamespace, null, cancellationToken) is null;

        Grants = Watch<BreakGlassGrant>(new()
        {
            Transform = Shed.Grant,
            Indexers = new Dictionary<string, Func<BreakGlassGrant, IEnumerable<string>>>
            {
                [ByPolicy] = g => [g.Spec.Policy],
                [ByLiveness] = g => GrantLifecycle.IsTerminal(g.Status.Phase) ? [] : [Live],
            },
        });
        Policies = Watch<BreakGlassPolicy>(new()
        {
            Transform = Shed.Annotations,
            Indexers = new Dictionary<string, Func<BreakGlassPolicy, IEnumerable<string>>>
            {
                [ByRole] = p => p.Spec.Access.Select(e => e.RoleRef.ToString()).Distinct(),
            },
        });
        Approvals = Watch<BreakGlassApproval>(new() { Transform = Shed.Marks, Indexers = new Dictionary<string, Func<BreakGlassApproval, IEnumerable<string>>> { [ByGrant] = a => [a.Spec.Grant] } });
        Reviews = Watch<BreakGlassReview>(new() { Transform = Shed.Marks, Indexers = new Dictionary<string, Func<BreakGlassReview, IEnumerable<string>>> { [ByGrant] = r => [r.Spec.Grant] } });
        Lockdowns = Watch<BreakGlassLockdown>(new() { Transform = Shed.Marks });
        Namespaces = Watch<V1Namespace>(new() { Transform = Shed.Annotations });
        ClusterRoles = Watch<V1ClusterRole>(new() { Transform = Shed.Annotations });
        Roles = Watch<V1Role>(new() { Transform = Shed.Role, Indexers = Owned<V1Role>() });
        RoleBindings = Watch<V1RoleBinding>(new() { Transform = Shed.Binding, LabelSelector = OwnedSelector, Indexers = Owned<V1RoleBinding>() });
        ClusterRoleBindings = Watch<V1ClusterRoleBinding>(new() { Transform = Shed.Binding, LabelSelector = OwnedSelector, Indexers = Owned<V1ClusterRoleBinding>() });
        ServiceAccounts = Watch<V1ServiceAccount>(new() { Namespace = settings.GrantsNamespace, IsNamespaceGone = IsGone, LabelSelector = OwnedSelector, Indexers = Owned<V1ServiceAccount>() });
        Secrets = Watch<SecretMetadata>(new() { Namespace = settings.GrantsNamespace, IsNamespaceGone = IsGone, LabelSelector = OwnedSelector, Indexers = Owned<SecretMetadata>() });
        View = new(Namespaces.Store, ClusterRoles.Store, Roles.Store);
    }

    public Informer<BreakGlassGrant> Grants { get; }

    public Informer<BreakGlassPolicy> Policies { get; }

    public Informer<BreakGlassApproval> Approvals { get; }

    public Informer<BreakGlassReview> Reviews { get; }

    public Informer<BreakGlassLockdown> Lockdowns { get; }

    public Informer<V1Namespace> Namespaces { get; }

    public Informer<V1ClusterRole> ClusterRoles { get; }

    public Informer<V1Role> Roles { get; }

    public Informer<V1RoleBinding> RoleBindings { get; }

    public Informer<V1ClusterRoleBinding> ClusterRoleBindings { get; }

    public Informer<V1ServiceAccount> ServiceAccounts { get; }

    public Informer<SecretMetadata> Secrets { get; }

    public CachedView View { get; }

    /// <summary>Whether the namespace of the grants' identities is known to be missing, or about to go.</summary>
    public bool LacksGrantsNamespace => Namespaces.HasSynced && Namespaces.Store.Get(new("", _grantsNamespace)) is not { Metadata.DeletionTimestamp: null };

    public bool HasSynced => _all.TrueForAll(c => c.HasSynced);

    /// <summary>The kinds whose watch got stuck: no event, bookmark or list for longer than any watch lasts.</summary>
    public IReadOnlyList<string> Stuck => [.. _all.Where(c => !c.IsHealthy).Select(c => c.Kind)];

    /// <summary>The kinds that were not listed yet.</summary>
    public IReadOnlyList<string> Unsynced => [.. _all.Where(c => !c.HasSynced).Select(c => c.Kind)];

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_all.Select(c => c.RunAsync(cancellationToken)));

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => Task.WhenAll(_all.Select(c => c.WaitForSyncAsync(cancellationToken)));

    public BreakGlassGrant? Grant(string name) => Grants.Store.Get(new("", name));

    /// <summary>A grant that is whole in the cache; null where it is kept only in part, and has to be read to write its status.</summary>
    public BreakGlassGrant? WholeGrant(string name) => Grant(name) is { } grant && !Shed.IsShed(grant) ? grant : null;

    public BreakGlassPolicy? Policy(string name) => Policies.Store.Get(new("", name));

    /// <summary>For people: that the namespace of the grants' identities is missing, and how to bring it back; null where it is there.</summary>
    public string? MissingNamespace => LacksGrantsNamespace
        ? $"namespace {_grantsNamespace} is missing: no grant with a token can be given. Bring it back with the operator's Role and RoleBinding in it (kubectl apply -k config/rbac, or helm upgrade)"
        : null;

    /// <summary>Grants that are not over.</summary>
    public IReadOnlyList<BreakGlassGrant> LiveGrants => Grants.Store.ByIndex(ByLiveness, Live);

    /// <summary>What may have been made for a grant, by label, owner or name. Whether it was is for the decisions.</summary>
    public List<IKubernetesObject<V1ObjectMeta>> ObjectsOf(string grant) =>
    [
        .. RoleBindings.Store.ByIndex(ByGrant, grant),
        .. ClusterRoleBindings.Store.ByIndex(ByGrant, grant),
        .. Roles.Store.ByIndex(ByGrant, grant),
        .. ServiceAccounts.Store.ByIndex(ByGrant, grant),
        .. Secrets.Store.ByIndex(ByGrant, grant),
    ];

    /// <summary>The names of all grants that an object of ours says it was made for.</summary>
    public IEnumerable<string> GrantsOfObjects() =>
        RoleBindings.Store.List().Cast<IKubernetesObject<V1ObjectMeta>>()
            .Concat(ClusterRoleBindings.Store.List())
            .Concat(ServiceAccounts.Store.List())
            .Concat(Secrets.Store.List())
            .Concat(Roles.Store.List())
            .SelectMany(Ownership.Names).Distinct();

    /// <summary>Puts the API server's answer to a write of ours into the cache it belongs to.</summary>
    public void Learn(IKubernetesObject<V1ObjectMeta> o) => Learn(o, isRead: false);

    /// <summary>Puts what a read of ours found into the cache it belongs to; whoever else it matters to is still told of it by the watch.</summary>
    public void LearnRead(IKubernetesObject<V1ObjectMeta> o) => Learn(o, isRead: true);

    /// <summary>Takes an object that the API server deleted for us out of its cache.</summary>
    public void LearnDeleted(IKubernetesObject<V1ObjectMeta> o)
    {
        var (key, uid) = (o.Key, o.Metadata.Uid ?? "");
        switch (o)
        {
            case BreakGlassGrant: Grants.Store.LearnDeleted(key, uid); break;
            case BreakGlassPolicy: Policies.Store.LearnDeleted(key, uid); break;
            case V1Namespace: Namespaces.Store.LearnDeleted(key, uid); break;
            case V1Role: Roles.Store.LearnDeleted(key, uid); break;
            case V1RoleBinding: RoleBindings.Store.LearnDeleted(key, uid); break;
            case V1ClusterRoleBinding: ClusterRoleBindings.Store.LearnDeleted(key, uid); break;
            case V1ServiceAccount: ServiceAccounts.Store.LearnDeleted(key, uid); break;
            case SecretMetadata: Secrets.Store.LearnDeleted(key, uid); break;
        }
    }

    /// <summary>What the cache has in the place of a grant, a policy, a namespace or a credential's object, or null.</summary>
    public IKubernetesObject<V1ObjectMeta>? Find(IKubernetesObject<V1ObjectMeta> place) => place switch
    {
        BreakGlassGrant => Grant(place.Metadata.Name),
        BreakGlassPolicy => Policy(place.Metadata.Name),
        V1Namespace => Namespaces.Store.Get(place.Key),
        V1ServiceAccount => ServiceAccounts.Store.Get(place.Key),
        SecretMetadata => Secrets.Store.Get(place.Key),
        _ => null,
    };

    private void Learn(IKubernetesObject<V1ObjectMeta> o, bool isRead)
    {
        void Into<T>(Informer<T> cache, T item)
            where T : class, IKubernetesObject<V1ObjectMeta>
        {
            if (isRead) cache.Store.LearnRead(item);
            else cache.Store.Learn(item);
        }

        // One without the label that the cache selects by would never leave it again.
        switch (o)
        {
            case BreakGlassGrant grant: Into(Grants, grant); break;
            case BreakGlassPolicy policy: Into(Policies, policy); break;
            case BreakGlassLockdown lockdown: Into(Lockdowns, lockdown); break;
            case V1Namespace ns: Into(Namespaces, ns); break;
            case V1ClusterRole role: Into(ClusterRoles, role); break;
            case V1Role role: Into(Roles, role); break;
            case V1RoleBinding binding when GrantObjects.IsWatched(binding): Into(RoleBindings, binding); break;
            case V1ClusterRoleBinding binding when GrantObjects.IsWatched(binding): Into(ClusterRoleBindings, binding); break;
            case V1ServiceAccount account when GrantObjects.IsWatched(account): Into(ServiceAccounts, account); break;
            case SecretMetadata secret when GrantObjects.IsWatched(secret): Into(Secrets, secret); break;
        }
    }

    private static Dictionary<string, Func<T, IEnumerable<string>>> Owned<T>()
        where T : IKubernetesObject<V1ObjectMeta> => new() { [ByGrant] = o => Ownership.Names(o) };

    private interface ICache
    {
        string Kind { get; }

        bool HasSynced { get; }

        bool IsHealthy { get; }

        Task RunAsync(CancellationToken cancellationToken);

        Task WaitForSyncAsync(CancellationToken cancellationToken);
    }

    private sealed class Cache<T>(Informer<T> informer) : ICache
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        public string Kind => KubeKinds.Of<T>().Resource.ToString();

        public bool HasSynced => informer.HasSynced;

        public bool IsHealthy => informer.IsHealthy;

        public Task RunAsync(CancellationToken cancellationToken) => informer.RunAsync(cancellationToken);

        public Task WaitForSyncAsync(CancellationToken cancellationToken) => informer.WaitForSyncAsync(cancellationToken);
    }
}

/// <summary>The view of the cluster that decisions are made on, over the caches.</summary>
internal sealed class CachedView(Store<V1Namespace> namespaces, Store<V1ClusterRole> clusterRoles, Store<V1Role> roles)
{
    public ClusterView Now() => new(
        namespaces.List(), name => clusterRoles.Get(new("", name)), (ns, name) => roles.Get(new(ns, name)) is { } role && !Shed.IsTooLarge(role) ? role : null, name => namespaces.Get(new("", name)));
}
