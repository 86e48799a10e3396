using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>The objects that the journal's entries are made of.</summary>
internal interface IJournalSource
{
    /// <summary>Whether the caches were filled. Before that, nothing in them is missing.</summary>
    bool HasSynced { get; }

    IReadOnlyList<BreakGlassPolicy> Policies { get; }

    IReadOnlyList<BreakGlassApproval> Approvals { get; }

    IReadOnlyList<BreakGlassReview> Reviews { get; }

    IReadOnlyList<BreakGlassLockdown> Lockdowns { get; }

    IReadOnlyList<BreakGlassAuthority> Authorities { get; }

    IReadOnlyList<BreakGlassDrill> Drills { get; }

    /// <summary>The seal keys that were read last; empty if there are none, or if they are not known.</summary>
    IReadOnlyList<SealKeyFacts> SealKeys { get; }

    /// <summary>The grant with this name in the cache.</summary>
    BreakGlassGrant? Grant(string name);

    /// <summary>The UID of the object with this name in the cache; null if there is none.</summary>
    string? UidOf(LoggedKind kind, string name);

    /// <summary>Reads a grant from the API server; null if it is gone.</summary>
    Task<BreakGlassGrant?> ReadGrantAsync(string name, CancellationToken cancellationToken);

    /// <summary>Asks the API server whether an object is gone; null if it cannot say now.</summary>
    Task<bool?> IsGoneAsync(LoggedKind kind, string name, string uid, CancellationToken cancellationToken);

    /// <summary>Reads the seal keys from the API server; null if it cannot say now, or if there are none, because the operator writes them again.</summary>
    Task<IReadOnlyList<SealKeyFacts>?> ReadSealKeysAsync(CancellationToken cancellationToken);

    /// <summary>Whether an object has a valid seal; null if the keys cannot be read now.</summary>
    ValueTask<bool?> IsVerifiedAsync(IKubernetesObject<V1ObjectMeta> o, CancellationToken cancellationToken);
}
