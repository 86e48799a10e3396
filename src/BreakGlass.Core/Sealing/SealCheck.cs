namespace BreakGlass.Core.Sealing;

/// <summary>
/// Decides whether stamps are believed: who requested, approved, reviewed or locked down, and who wrote a policy. The rules read the answer and nothing
/// else, so that <c>--trust-requester</c> is a choice between two of these and no rule knows of it.
/// </summary>
public sealed class SealCheck
{
    private readonly SealKeys? _keys;

    private SealCheck(SealKeys? keys) => _keys = keys;

    /// <summary>Believes everything as it is written: for the plugin's dry runs, and for demonstrations and tests without webhooks.</summary>
    public static SealCheck Trusting { get; } = new(null);

    /// <summary>Believes what carries a seal made with one of these keys.</summary>
    public static SealCheck By(SealKeys keys) => new(keys);

    /// <summary>Whether a seal made with a key can be judged.</summary>
    public bool Knows(string keyId) => _keys is null || _keys.Find(keyId) is not null;

    /// <summary>What is to be made of an object's stamp, or of a policy's content.</summary>
    public SealState Of(IKubernetesObject<V1ObjectMeta> o) => _keys is null ? SealState.Valid : Seal.Verify(o, _keys);

    /// <summary>What is to be made of the record in a grant's status.</summary>
    public SealState OfRecord(BreakGlassGrant grant) => _keys is null ? SealState.Valid : RecordSeal.Verify(grant, _keys);

    /// <summary>The approvals whose stamps are believed. Without webhooks, one that names no UID is for the grant that is there.</summary>
    public IReadOnlyList<BreakGlassApproval> Believed(IReadOnlyList<BreakGlassApproval> approvals, BreakGlassGrant grant) => _keys is null
        ? [.. approvals.Select(a => a with { Spec = a.Spec with { GrantUid = a.Spec.GrantUid ?? grant.Metadata.Uid } })]
        : [.. approvals.Where(a => Of(a) is SealState.Valid)];

    /// <summary>The reviews whose stamps are believed.</summary>
    public IReadOnlyList<BreakGlassReview> Believed(IReadOnlyList<BreakGlassReview> reviews, BreakGlassGrant grant) => _keys is null
        ? [.. reviews.Select(r => r with { Spec = r.Spec with { GrantUid = r.Spec.GrantUid ?? grant.Metadata.Uid } })]
        : [.. reviews.Where(r => Of(r) is SealState.Valid)];

    /// <summary>A lockdown, without the name of its author if that is not believed. It locks down what it covers anyway.</summary>
    public BreakGlassLockdown Believed(BreakGlassLockdown lockdown) =>
        lockdown.Spec.By is null || Of(lockdown) is SealState.Valid ? lockdown : lockdown with { Spec = lockdown.Spec with { By = null } };
}
