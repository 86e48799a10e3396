using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>The objects as the caches have them, and the API server where a cache is not enough.</summary>
/// <param name="client">The client.</param>
/// <param name="caches">The caches.</param>
/// <param name="seals">The seal keys.</param>
/// <param name="keysNamespace">The namespace of the seal keys; null if seals are not used.</param>
internal sealed class ClusterSource(KubeClient client, ClusterCaches caches, SealKeyring seals, string? keysNamespace) : IJournalSource
{
    /// <summary>More than a Secret ever has. Anybody who can write it could add any number.</summary>
    private const int MostKeys = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public bool HasSynced =>
        caches.Grants.HasSynced && caches.Policies.HasSynced && caches.Lockdowns.HasSynced && caches.Approvals.HasSynced && caches.Reviews.HasSynced
        && caches.Authorities.HasSynced && caches.Drills.HasSynced;

    public IReadOnlyList<BreakGlassPolicy> Policies => caches.Policies.Store.List();

    public IReadOnlyList<BreakGlassApproval> Approvals => caches.Approvals.Store.List();

    public IReadOnlyList<BreakGlassReview> Reviews => caches.Reviews.Store.List();

    public IReadOnlyList<BreakGlassLockdown> Lockdowns => caches.Lockdowns.Store.List();

    public IReadOnlyList<BreakGlassAuthority> Authorities => caches.Authorities.Store.List();

    public IReadOnlyList<BreakGlassDrill> Drills => caches.Drills.Store.List();

    public IReadOnlyList<SealKeyFacts> SealKeys => keysNamespace is null ? [] : FactsOf(seals.Keys);

    public BreakGlassGrant? Grant(string name) => caches.Grant(name);

    public string? UidOf(LoggedKind kind, string name) => kind switch
    {
        LoggedKind.Grant => caches.Grant(name)?.Metadata.Uid,
        LoggedKind.Policy => caches.Policy(name)?.Metadata.Uid,
        LoggedKind.Authority => caches.Authority(name)?.Metadata.Uid,
        LoggedKind.Lockdown => caches.Lockdowns.Store.Get(new("", name))?.Metadata.Uid,
        LoggedKind.Drill => caches.Drills.Store.Get(new("", name))?.Metadata.Uid,
        _ => null,
    };

    public Task<BreakGlassGrant?> ReadGrantAsync(string name, CancellationToken cancellationToken) =>
        client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken);

    public async Task<bool?> IsGoneAsync(LoggedKind kind, string name, string uid, CancellationToken cancellationToken)
    {
        try
        {
            return kind switch
            {
                LoggedKind.Grant => await UidAsync<BreakGlassGrant>(name, cancellationToken) != uid,
                LoggedKind.Policy => await UidAsync<BreakGlassPolicy>(name, cancellationToken) != uid,
                LoggedKind.Authority => await UidAsync<BreakGlassAuthority>(name, cancellationToken) != uid,
                LoggedKind.Drill => await UidAsync<BreakGlassDrill>(name, cancellationToken) != uid,
                // The operator may list lockdowns, and not get one.
                LoggedKind.Lockdown => (await client.ListAsync<BreakGlassLockdown>(new() { FieldSelector = $"metadata.name={name}" }, cancellationToken)).Items
                    .All(l => l.Metadata.Uid != uid),
                _ => null,
            };
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<SealKeyFacts>?> ReadSealKeysAsync(CancellationToken cancellationToken)
    {
        if (keysNamespace is null) return null;
        try
        {
            var secret = await client.TryGetAsync<V1Secret>(SealKeyring.SecretName, keysNamespace, cancellationToken);
            return FactsOf(BreakGlass.Core.Sealing.SealKeys.Read(secret?.Data)) is { Count: > 0 } keys ? keys : null;
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            return null;
        }
    }

    public async ValueTask<bool?> IsVerifiedAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) =>
        await seals.CanJudgeAsync([o], Patience, cancellationToken) ? seals.Check.Of(o) is SealState.Valid : null;

    private async Task<string?> UidAsync<T>(string name, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.TryGetAsync<T>(name, null, cancellationToken))?.Metadata.Uid;

    private static IReadOnlyList<SealKeyFacts> FactsOf(SealKeys keys) => [.. keys.All.TakeLast(MostKeys).Select(k => new SealKeyFacts(k.Id, k.CreatedAt))];
}
