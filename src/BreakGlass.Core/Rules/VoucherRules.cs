using BreakGlass.Core.Sealing;
using BreakGlass.Core.Vouchers;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Whether a voucher gives somebody what a grant requests: asked by admission, and by the reconciler each time that it decides on a grant that has no access
/// yet, by the authority as it is then. No sentence repeats what a voucher says before its signatures are verified.
/// </summary>
public static class VoucherRules
{
    /// <summary>How far the operator's clock may be from the API server's, by which admission let the voucher pass.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    /// <summary>Whether a grant is requested by a voucher.</summary>
    public static bool IsByVoucher(GrantSpec grant) => grant.Voucher is not null;

    /// <summary>The id of the voucher, as admission stamped it; null if the grant has none.</summary>
    public static string? IdOf(BreakGlassGrant grant) =>
        IsByVoucher(grant.Spec) ? StampOf(grant) : null;

    /// <summary>The same, also if the voucher itself is not kept in memory any more.</summary>
    public static string? StampOf(BreakGlassGrant grant) =>
        grant.Spec.Requester is { PresentedBy: not null, Extra: { } extra } && extra.GetValueOrDefault(BreakGlassApi.VoucherExtra) is [var id] ? id : null;

    /// <summary>The longest that a grant by a voucher can be; null if it has none, or the voucher or the policy is not valid.</summary>
    public static TimeSpan? Longest(GrantSpec grant, PolicySpec policy)
    {
        if (grant.Voucher is null || SignedVoucher.TryRead(grant.Voucher, out _) is not { Claims: { } claims }) return null;
        if (!GoDuration.TryParse(policy.Vouchers?.MaxDuration, out var most)) return null;
        return claims.MaxDuration < most ? claims.MaxDuration : most;
    }

    /// <summary>Why a voucher does not give what a grant requests; null if it does.</summary>
    /// <param name="grant">The grant, with the requester that admission stamped from the voucher.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="facts">The authority, and the time.</param>
    /// <param name="cluster">Namespaces, by which the cluster is known; null to leave what depends on them for later.</param>
    public static Problem? Check(BreakGlassGrant grant, BreakGlassPolicy policy, VoucherFacts facts, ClusterView? cluster)
    {
        if (policy.Spec.Vouchers is not { } terms)
        {
            return new(VouchersNotAllowed, "spec.voucher",
                $"policy '{policy.Metadata.Name}' does not accept vouchers (spec.vouchers); use a policy that does, or request access without a voucher");
        }

        if (SignedVoucher.TryRead(grant.Spec.Voucher, out var unreadable) is not { } voucher)
            return new(VoucherInvalid, "spec.voucher", $"{unreadable}");
        return Meant(voucher.Claims, policy, terms, cluster)
            ?? Honoured(voucher, terms.Authority, facts)
            ?? Times(voucher.Claims, policy, terms, facts)
            ?? Person(voucher.Claims, grant, policy, terms)
            ?? Asked(voucher.Claims, grant.Spec)
            ?? Proof(voucher, grant, facts)
            ?? Presenter(grant, facts)
            ?? Used(voucher.Claims, grant, facts);
    }

    /// <summary>
    /// Why the voucher of a grant that has access is no longer honoured, as far as that can be seen without its signatures and without any seal: the authority
    /// is gone or suspended, or revokes the voucher. Null if it is honoured.
    /// </summary>
    /// <param name="grant">The grant.</param>
    /// <param name="name">The name of the authority.</param>
    /// <param name="authority">The authority; null if it does not exist.</param>
    public static Problem? Withdrawn(BreakGlassGrant grant, string name, BreakGlassAuthority? authority) =>
        Standing(name, authority) ?? (IdOf(grant) is { } id ? Revoked(id, authority!) : null);

    /// <summary>Why the voucher of a grant that has access is no longer honoured; null if it is.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="name">The name of the authority.</param>
    /// <param name="facts">The authority, and the time.</param>
    public static Problem? NotHonoured(BreakGlassGrant grant, string name, VoucherFacts facts) =>
        SignedVoucher.TryRead(grant.Spec.Voucher, out var unreadable) is { } voucher
            ? Of(voucher.Claims, name, grant.Spec.Policy) ?? Honoured(voucher, name, facts)
            : new(VoucherInvalid, "spec.voucher", unreadable ?? "cannot be read");

    /// <summary>The names of the keys that signed a voucher, of those that count now.</summary>
    public static IReadOnlyList<string> Signers(SignedVoucher voucher, BreakGlassAuthority authority, DateTimeOffset now) =>
        [.. voucher.SignedBy(AuthorityRules.Usable(authority, now)).Distinct(StringComparer.Ordinal)];

    /// <summary>Why a user may create grants by voucher only; null if the user is not a courier.</summary>
    /// <param name="courier">The user, with all that the API server said.</param>
    /// <param name="authority">The authority of the policy.</param>
    public static Problem? CourierAlone(Caller courier, BreakGlassAuthority authority) => Subjects.Include(authority.Spec.Couriers, courier)
        ? new(VoucherRequired, "spec.voucher",
            $"'{Callers.Shown(courier)}' is a courier of BreakGlassAuthority '{authority.Metadata.Name}', and a courier can create only grants that carry a "
                + "voucher; use 'kubectl breakglass request --voucher FILE'")
        : null;

    /// <summary>The use of a voucher that the authority records; null if there is none.</summary>
    public static VoucherUse? UseOf(string id, BreakGlassAuthority authority) => authority.Status.Used.FirstOrDefault(u => u.Id == id);

    private static Problem? Honoured(SignedVoucher voucher, string name, VoucherFacts facts)
    {
        if (Standing(name, facts.Authority) is { } gone) return gone;
        var authority = facts.Authority!;
        if (facts.Seal is not (null or SealState.Valid))
        {
            return new(AuthorityNotSealed, "spec.voucher",
                $"the author of BreakGlassAuthority '{name}' cannot be verified: the authority was written without this operator's admission webhook. "
                    + $"Ask its owners to request a seal: kubectl annotate --overwrite bgauth {name} {Seal.Annotation}=renew");
        }

        if (AuthorityRules.Check(authority) is [var problem, ..])
        {
            return new(AuthorityNotReady, "spec.voucher",
                $"BreakGlassAuthority '{name}' cannot be used: {problem}. Tell its owners; 'kubectl describe bgauth {name}' shows all problems");
        }

        if (Revoked(voucher.Claims.Id, authority) is { } revoked) return revoked;
        var (signers, required) = (Signers(voucher, authority, facts.Now).Count, authority.Spec.Required);
        return signers >= required ? null : new(VoucherNotSigned, "spec.voucher",
            $"{signers} of the keys of BreakGlassAuthority '{name}' that are valid now have signed the voucher, and {required} must have; "
                + "use a voucher that enough of the current keys have signed");
    }

    private static Problem? Standing(string name, BreakGlassAuthority? authority)
    {
        if (authority is null || authority.Metadata.DeletionTimestamp is not null)
        {
            return new(AuthorityNotFound, "spec.voucher",
                $"BreakGlassAuthority '{name}' does not exist, so no voucher of it is honoured; ask the policy's owners, or request access without a voucher");
        }

        return authority.Spec.Suspended
            ? new(AuthoritySuspended, "spec.voucher",
                $"BreakGlassAuthority '{name}' is suspended, so no voucher of it is honoured; ask its owners, or request access without a voucher")
            : null;
    }

    private static Problem? Revoked(string id, BreakGlassAuthority authority) => authority.Spec.Revoked.Contains(id)
        ? new(VoucherRevoked, "spec.voucher",
            $"BreakGlassAuthority '{authority.Metadata.Name}' revokes this voucher (spec.revoked); use another voucher, or ask the authority's owners")
        : null;

    private static Problem? Meant(Voucher claims, BreakGlassPolicy policy, VoucherTerms terms, ClusterView? cluster)
    {
        var name = policy.Metadata.Name;
        if (Of(claims, terms.Authority, name) is { } other) return other;
        if (claims.Policy != name)
            return new(VoucherForAnother, "spec.voucher", $"the voucher is for another policy than '{name}'; set spec.policy to the voucher's policy");
        return cluster is null || claims.Cluster == ClusterId(cluster) ? null : new(VoucherForAnother, "spec.voucher",
            "the voucher is for another cluster (aud must be the UID of namespace kube-system); use a voucher that was issued for this cluster");
    }

    private static Problem? Of(Voucher claims, string authority, string policy) => claims.Authority == authority ? null : new(
        VoucherForAnother, "spec.voucher",
        $"the voucher is of another authority (iss), and policy '{policy}' accepts vouchers of '{authority}' only; use one of those");

    /// <summary>By what vouchers name a cluster; null if that is not known.</summary>
    public static string? ClusterId(ClusterView cluster) => cluster.Namespace("kube-system")?.Metadata.Uid;

    private static Problem? Times(Voucher claims, BreakGlassPolicy policy, VoucherTerms terms, VoucherFacts facts)
    {
        var (latest, earliest) = (facts.Now + Voucher.ClockTolerance + facts.Tolerance, facts.Now - facts.Tolerance);
        var from = claims.NotBefore > claims.IssuedAt ? claims.NotBefore : claims.IssuedAt;
        if (latest < from)
        {
            return new(VoucherNotYetValid, "spec.voucher",
                $"the voucher is valid from {Timestamp.Text(from)} on; use it then, or check the clock of the machine that signed it");
        }

        if (earliest >= claims.Expires)
            return new(VoucherExpired, "spec.voucher", $"the voucher expired at {Timestamp.Text(claims.Expires)}; use a newer one");
        return GoDuration.TryParse(terms.MaxAge, out var age) && earliest >= Timestamp.After(claims.IssuedAt, age)
            ? new(VoucherExpired, "spec.voucher",
                $"the voucher was issued at {Timestamp.Text(claims.IssuedAt)}, longer ago than policy '{policy.Metadata.Name}' accepts "
                    + $"(spec.vouchers.maxAge is {terms.MaxAge}); use a newer one")
            : null;
    }

    private static Problem? Person(Voucher claims, BreakGlassGrant grant, BreakGlassPolicy policy, VoucherTerms terms)
    {
        if (grant.Spec.Requester is not { } requester || requester.Username != claims.Person || IdOf(grant) != claims.Id)
        {
            return new(RequesterNotSealed, "spec.requester",
                "is not the person that the voucher names; admission sets it, so leave it out, and check whether the operator's webhooks are installed");
        }

        return Subjects.Include(terms.Holders, new() { Username = claims.Person }) ? null : new(HolderNotAllowed, "spec.voucher",
            $"'{Callers.Shown(requester)}' is not among the holders of policy '{policy.Metadata.Name}' ({Subjects.Describe(terms.Holders)}), who alone get "
                + "access by voucher; use a voucher of one of them, or ask the policy's owners");
    }

    private static Problem? Asked(Voucher claims, GrantSpec grant)
    {
        if (claims.Access.Count > 0 && (grant.Access.Count == 0 || grant.Access.Any(name => !claims.Access.Contains(name))))
        {
            return new(VoucherForAnother, "spec.access",
                $"requests more than the voucher gives, which is {Listed(claims.Access)}; request only that, or leave the field out");
        }

        if (claims.Namespaces.Count > 0 && (grant.Namespaces.Count == 0 || grant.Namespaces.Any(ns => !claims.Namespaces.Contains(ns))))
        {
            return new(VoucherForAnother, "spec.namespaces",
                $"requests more than the voucher gives, which is {Listed(claims.Namespaces)}; request only that, or leave the field out");
        }

        return grant.RecipientKey is { } key && SameKey(key, claims.HolderKey) ? null : new(RecipientKeyInvalid, "spec.recipientKey",
            "is not the holder's key of the voucher (cnf), to which the credential of a grant by voucher is encrypted; leave the field out");
    }

    private static Problem? Proof(SignedVoucher voucher, BreakGlassGrant grant, VoucherFacts facts) =>
        VoucherProof.Problem(grant.Spec.VoucherProof, voucher, grant.Metadata.Name, facts.RequestedAt) is { } problem
            ? new(VoucherProofInvalid, "spec.voucherProof", problem)
            : null;

    private static Problem? Presenter(BreakGlassGrant grant, VoucherFacts facts)
    {
        var couriers = facts.Authority!.Spec.Couriers;
        if (couriers.Count == 0) return null;
        var presenter = facts.Presenter ?? new() { Username = grant.Spec.Requester?.PresentedBy ?? "" };
        if (Subjects.Include(couriers, presenter)) return null;

        // After admission the groups of the presenter are not known.
        if (facts.Presenter is null && couriers.Any(c => c.Kind == "Group")) return null;
        return new(CourierNotAllowed, "spec.voucher",
            $"'{Callers.Shown(presenter)}' is not among the couriers of BreakGlassAuthority '{facts.Authority.Metadata.Name}' "
                + $"({Subjects.Describe(couriers)}), who alone may present its vouchers; present it as one of them");
    }

    private static Problem? Used(Voucher claims, BreakGlassGrant grant, VoucherFacts facts)
    {
        var use = UseOf(claims.Id, facts.Authority!);
        if (use?.GrantUid == grant.Metadata.Uid && use is not null) return null;
        if ((use?.Grant ?? facts.UsedBy) is { } other)
        {
            return new(VoucherUsed, "spec.voucher",
                $"the voucher was already used{(use is null ? "" : $" at {Timestamp.Text(use.At)}")} for grant '{other}', and a voucher can be used once; "
                    + "use another voucher");
        }

        return VoucherUses.Fits(facts.Authority!.Status.Used) ? null : new(TooManyUses, "spec.voucher",
            $"BreakGlassAuthority '{facts.Authority.Metadata.Name}' records as many uses as it can; ask its owners for vouchers of another authority");
    }

    private static bool SameKey(JsonWebKey a, JsonWebKey b) => (a.Kty, a.Crv, a.X, a.Y, a.N, a.E) == (b.Kty, b.Crv, b.X, b.Y, b.N, b.E);

    private static string Listed(IReadOnlyList<string> names) => string.Join(", ", names.Take(5).Select(VisibleText.Name)) + (names.Count > 5 ? ", …" : "");
}
