using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;
using k8s;
using k8s.Models;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>Objects in memory: a cache, and an API server that can be ahead of it.</summary>
internal sealed class MemorySource : IJournalSource
{
    public List<BreakGlassGrant> Grants { get; init; } = [];

    public List<BreakGlassPolicy> PolicyList { get; init; } = [];

    public List<BreakGlassApproval> ApprovalList { get; init; } = [];

    public List<BreakGlassReview> ReviewList { get; init; } = [];

    public List<BreakGlassLockdown> LockdownList { get; init; } = [];

    public List<BreakGlassAuthority> AuthorityList { get; init; } = [];

    public List<BreakGlassDrill> DrillList { get; init; } = [];

    public List<SealKeyFacts> KeyList { get; init; } = [];

    /// <summary>What the API server has; null where it has what the cache has.</summary>
    public MemorySource? Server { get; set; }

    /// <summary>Whether the API server answers.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>Whether seals can be judged, and what is said of them.</summary>
    public bool? IsVerified { get; set; } = true;

    public int Reads { get; private set; }

    public bool HasSynced { get; set; } = true;

    public IReadOnlyList<BreakGlassPolicy> Policies => [.. PolicyList];

    public IReadOnlyList<BreakGlassApproval> Approvals => [.. ApprovalList];

    public IReadOnlyList<BreakGlassReview> Reviews => [.. ReviewList];

    public IReadOnlyList<BreakGlassLockdown> Lockdowns => [.. LockdownList];

    public IReadOnlyList<BreakGlassAuthority> Authorities => [.. AuthorityList];

    public IReadOnlyList<BreakGlassDrill> Drills => [.. DrillList];

    public IReadOnlyList<SealKeyFacts> SealKeys => [.. KeyList];

    public BreakGlassGrant? Grant(string name) => Grants.Find(g => g.Metadata.Name == name);

    public string? UidOf(LoggedKind kind, string name) => kind switch
    {
        LoggedKind.Grant => Grant(name)?.Metadata.Uid,
        LoggedKind.Policy => PolicyList.Find(p => p.Metadata.Name == name)?.Metadata.Uid,
        LoggedKind.Authority => AuthorityList.Find(a => a.Metadata.Name == name)?.Metadata.Uid,
        LoggedKind.Drill => DrillList.Find(d => d.Metadata.Name == name)?.Metadata.Uid,
        _ => LockdownList.Find(l => l.Metadata.Name == name)?.Metadata.Uid,
    };

    public Task<BreakGlassGrant?> ReadGrantAsync(string name, CancellationToken cancellationToken)
    {
        Reads++;
        return Task.FromResult((Server ?? this).Grant(name));
    }

    public Task<bool?> IsGoneAsync(LoggedKind kind, string name, string uid, CancellationToken cancellationToken) =>
        Task.FromResult(Answers ? (bool?)((Server ?? this).UidOf(kind, name) != uid) : null);

    public Task<IReadOnlyList<SealKeyFacts>?> ReadSealKeysAsync(CancellationToken cancellationToken) =>
        Task.FromResult(Answers ? (IReadOnlyList<SealKeyFacts>?)(Server ?? this).SealKeys : null);

    public ValueTask<bool?> IsVerifiedAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken) => ValueTask.FromResult(IsVerified);
}
