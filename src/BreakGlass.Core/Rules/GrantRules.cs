using BreakGlass.Core.Sealing;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Whether a policy gives somebody what a grant asks for: used by the reconciler, by admission and by the plugin alike. What depends on the time, on
/// other grants and on other people comes after it, in the grant's life.
/// </summary>
public static class GrantRules
{
    /// <summary>Judges a grant that is not active yet.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="policy">The policy that it names, or null where there is none.</param>
    /// <param name="cluster">Namespaces and roles.</param>
    /// <param name="settings">The operator's set-up.</param>
    /// <param name="seal">The seal of the grant.</param>
    /// <param name="policySeal">The seal of the policy.</param>
    /// <param name="vouchers">What decides about the grant's voucher. Without it, no voucher is honoured.</param>
    public static Verdict Judge(
        BreakGlassGrant grant, BreakGlassPolicy? policy, ClusterView cluster, CoreSettings settings, SealState seal = SealState.Missing,
        SealState policySeal = SealState.Missing, VoucherFacts? vouchers = null)
    {
        var problem = Name(grant)
            ?? Seal(seal)
            ?? Requester(grant)
            ?? Policy(grant, policy, policySeal, settings)
            ?? Asked(grant, policy!, settings, vouchers ?? Unknown, cluster)
            ?? RolePins.Check(policy!, cluster);
        if (problem is not null) return new(problem, default, [], []);

        RequestRules.Length(grant, policy!.Spec, out var duration);
        var access = Targets.Snapshot(policy.Spec, grant.Spec);
        problem = ReachRules.Roles(access, grant.Spec.Namespaces, cluster);
        if (problem is not null) return new(problem, default, [], []);

        var targets = Targets.Resolve(access, policy.Spec, grant.Spec.Namespaces, cluster.Namespaces, settings);
        problem = ReachRules.Reach(grant.Spec, targets, policy);
        return problem is null ? new(null, duration, access, [.. targets, .. Targets.Persistence(policy.Spec, cluster)]) : new(problem, default, [], []);
    }

    /// <summary>
    /// What a grant is refused for when it is made: all that <see cref="Judge"/> would deny it for, but for its seal, which it has only after. Null
    /// where nothing speaks against it now; limits, reviews, windows and approvers are asked later.
    /// </summary>
    /// <param name="grant">The grant, with the requester that admission stamped.</param>
    /// <param name="policy">The policy that it names, or null where there is none.</param>
    /// <param name="policySeal">The seal of the policy.</param>
    /// <param name="settings">The operator's set-up.</param>
    /// <param name="cluster">Namespaces and roles; null to leave what depends on them to the reconciler.</param>
    /// <param name="vouchers">What decides about the grant's voucher; null to leave the voucher to the reconciler.</param>
    public static Problem? AtAdmission(
        BreakGlassGrant grant, BreakGlassPolicy? policy, SealState policySeal, CoreSettings settings, ClusterView? cluster = null,
        VoucherFacts? vouchers = null)
    {
        if (cluster is not null) return Judge(grant, policy, cluster, settings, SealState.Valid, policySeal, vouchers).Denial;
        return Name(grant) ?? Requester(grant) ?? Policy(grant, policy, policySeal, settings) ?? Asked(grant, policy!, settings, vouchers, null);
    }

    /// <summary>No authority is known.</summary>
    private static VoucherFacts Unknown => new() { Now = DateTimeOffset.MinValue, RequestedAt = DateTimeOffset.MinValue };

    private static Problem? Name(BreakGlassGrant grant) => grant.Metadata.Name.Length > Bounds.LongestName
        ? new(NameTooLong, "metadata.name", $"{Sentences.NameTooLong}; create the grant with a shorter one")
        : null;

    private static Problem? Seal(SealState seal) => seal switch
    {
        SealState.Valid => null,
        SealState.Missing => new(RequesterNotSealed, "spec.requester",
            "the requester cannot be verified: the grant does not have the seal of this operator's admission webhook, so it never becomes active. "
            + "Ask the platform team whether the webhook is installed (in a test cluster, you can start the operator with --trust-requester), "
                + "then create a new grant"),
        _ => new(SealBroken, "spec.requester",
            "the grant's seal is not valid: the grant was changed or copied without this operator's admission webhook, or its seal key does not exist any "
                + "more, so it never becomes active. "
            + "Create a new grant with another name; if it happens again, tell the platform team"),
    };

    private static Problem? Requester(BreakGlassGrant grant) => Callers.IsNamed(grant.Spec.Requester)
        ? null
        : new(RequesterMissing, "spec.requester.username", "required, because access is given to this user; create a new grant that names you");

    private static Problem? Policy(BreakGlassGrant grant, BreakGlassPolicy? policy, SealState seal, CoreSettings settings)
    {
        var name = grant.Spec.Policy;
        if (policy is null) return new(
            PolicyNotFound, "spec.policy", $"BreakGlassPolicy '{name}' does not exist; list the policies with 'kubectl get bgp', and create a new grant");
        if (policy.Metadata.DeletionTimestamp is not null) return new(PolicyDeleted, "spec.policy", $"policy '{name}' is being deleted; use another one");
        if (policy.Spec.Suspended) return new(PolicySuspended, "spec.policy", $"policy '{name}' is suspended; ask its owners, or use another one");
        if (seal is not SealState.Valid)
        {
            return new(PolicyNotSealed, "spec.policy", $"the author of policy '{name}' cannot be verified: the policy was written without this operator's "
                + "admission webhook. Ask its owners to apply it again, then create a new grant");
        }

        if (PolicyRules.Check(policy, settings) is [var first, ..]) return Unusable(name, first);
        return GatewayRules.Lacks(policy.Spec, settings) switch
        {
            null => null,
            { Reason: NoGateway } => new(NoGateway, "spec.policy", $"policy '{name}' gives access only through the gateway (session.path), and this operator "
                + "has none. Tell the platform team, or use another policy; then create a new grant"),
            var lacks => Unusable(name, lacks),
        };
    }

    private static Problem Unusable(string name, Problem why) => new(PolicyNotReady, "spec.policy",
        $"policy '{name}' cannot be used: {why}. Tell its owners; 'kubectl describe bgp {name}' shows all problems");

    /// <summary>Who asks, for what reason, for how long and for what.</summary>
    private static Problem? Asked(
        BreakGlassGrant grant, BreakGlassPolicy policy, CoreSettings settings, VoucherFacts? vouchers, ClusterView? cluster) =>
        RequestRules.Voucher(grant.Spec)
        ?? DrillRules.Check(grant, policy, settings)
        ?? (DrillRules.IsDrill(grant, settings) ? ByVoucher(grant, policy, vouchers, cluster) : Person(grant, policy, vouchers, cluster))
        ?? RequestRules.Length(grant, policy.Spec, out _)
        ?? RequestRules.Choice(grant.Spec, policy.Spec);

    /// <summary>What only people have: a voucher, or a place among the requesters and a login with claims; a reason, and a ticket.</summary>
    private static Problem? Person(BreakGlassGrant grant, BreakGlassPolicy policy, VoucherFacts? vouchers, ClusterView? cluster) =>
        (VoucherRules.IsByVoucher(grant.Spec)
            ? ByVoucher(grant, policy, vouchers, cluster)
            : Allowed(grant, policy, vouchers) ?? Claims(grant, policy))
        ?? RequestRules.Reason(grant.Spec, policy.Spec);

    /// <summary>A drill that presents a voucher is asked all that people are asked about theirs.</summary>
    private static Problem? ByVoucher(BreakGlassGrant grant, BreakGlassPolicy policy, VoucherFacts? vouchers, ClusterView? cluster) =>
        VoucherRules.IsByVoucher(grant.Spec) && vouchers is not null ? VoucherRules.Check(grant, policy, vouchers, cluster) : null;

    private static Problem? Allowed(BreakGlassGrant grant, BreakGlassPolicy policy, VoucherFacts? vouchers)
    {
        var requester = grant.Spec.Requester!;
        if (Subjects.Include(policy.Spec.Requesters, requester)) return null;
        return (vouchers is { Authority: { } authority, Presenter: { } caller } ? VoucherRules.CourierAlone(caller, authority) : null)
            ?? new(RequesterNotAllowed, "spec.requester",
                $"'{Callers.Shown(requester)}' is not among the requesters of policy "
                    + $"'{policy.Metadata.Name}' ({Subjects.Describe(policy.Spec.Requesters)}); ask one of them, or use a policy that names you");
    }

    private static Problem? Claims(BreakGlassGrant grant, BreakGlassPolicy policy) => Callers
        .MissingClaim(grant.Spec.Requester!, policy.Spec.RequireClaims) is { } claim
        ? new(ClaimMissing, "spec.requester.extra",
            $"policy '{policy.Metadata.Name}' requires that your login has the claim "
                + $"'{claim.Key}' with {(claim.Values.Count == 1 ? "the value" : "one of")} {string.Join(", ", claim.Values)}; log in again so that it does "
                + "(for example with a second factor) and create a new grant, or ask the policy's owners")
        : null;
}
