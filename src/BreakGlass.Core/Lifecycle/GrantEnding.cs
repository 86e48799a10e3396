using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Whether the time of a recorded grant is over, and why.</summary>
internal static class GrantEnding
{
    /// <summary>The reason of a refusal that ends an active grant, too: the namespace of the identities is gone.</summary>
    private const string IdentityLost = "NamespaceMissing";

    /// <summary>Why the grant ends now for reasons that lie in itself; null where it does not.</summary>
    public static Ending? ByItself(GrantFacts facts, BreakGlassGrant grant)
    {
        if (facts.Attempt.Refusal is { } refusal && (grant.Status.Phase is not GrantPhase.Active || refusal.Reason == IdentityLost))
        {
            if (grant.Status.Phase is GrantPhase.Active) return new(EndReason.Failed, refusal.Reason, GrantStatuses.Operator,
                $"Access ended, because its identity was deleted together with its namespace: {refusal}");
            return new(EndReason.Failed, refusal.Reason, GrantStatuses.Operator, $"Access could not be given, and nothing is left of it: {refusal}");
        }

        if (grant.Metadata.DeletionTimestamp is not null)
            return new(EndReason.Deleted, "Deleted", Callers.Unknown, "Access ended since the grant was deleted.");
        if (grant.Spec.Revoke is { } revoke)
        {

            // Past the webhooks anybody who may write the grant ends it, and the name in it is what they wrote.
            var who = facts.Seal is SealState.Valid ? Callers.Shown(revoke.By) : Callers.Unknown;
            return new(EndReason.RevokedByUser, "RevokedByUser", who,
                $"Access was ended by spec.revoke{(string.IsNullOrWhiteSpace(revoke.Reason) ? "." : $": {Shown.Line(revoke.Reason)}")}");
        }

        if (grant.Status.ObservedGeneration is { } decided && grant.Metadata.Generation is { } generation && generation != decided)
        {
            return new(EndReason.Failed, "SpecChanged", Callers.Unknown,
                "Access ended since the grant's spec was changed after it was decided; servers from 1.25 on refuse that. Find out who did it, "
                    + "and create a new grant.");
        }

        return facts.Now >= facts.Due?.At
            ? new(EndReason.Expired, "Expired", GrantStatuses.Operator, "Access ended, as its time was over.")
            : null;
    }

    /// <summary>The lockdown that ends the grant now; null where none does. It waits for nothing.</summary>
    public static Ending? ByLockdown(GrantFacts facts) => LockdownRules.For(facts.Policy, facts.Lockdowns) is { } lockdown
        ? new(EndReason.Lockdown, "Lockdown", Callers.Shown(lockdown.Spec.By),
            $"Access was ended by lockdown '{lockdown.Metadata.Name}': {LockdownRules.Reason(lockdown)}.")
        : null;

    /// <summary>
    /// What was to end once and could not be removed ends for good, also where its cause is gone: a lockdown that was lifted, a policy that is not suspended
    /// any more. Part of the access may be gone already.
    /// </summary>
    public static Ending? ByObstruction(BreakGlassGrant grant) =>
        grant.Status.EndReason is { } reason
            && Conditions.Find(grant.Status.Conditions, GrantConditions.Active)?.Reason == GrantConditions.RevocationObstructed
            ? new(reason, $"{reason}", GrantStatuses.Operator,
                "Access ended; for a while it could not be removed, and the cause of its end may be gone by now.")
            : null;

    /// <summary>A record that is not the operator's ends with whatever it opened; null where the record is good.</summary>
    public static Ending? ByForgery(GrantFacts facts) => facts.SealsUnknown || facts.RecordSeal is SealState.Valid ? null
        : new(EndReason.Failed, "RecordForged", GrantStatuses.Operator,
            "Access ended since the record of what it is and when it ends is not the operator's: somebody wrote it into the status. "
                + "Find out who can write breakglassgrants/status; create a new grant.");

    /// <summary>Why the policy ends the grant now; null where it does not.</summary>
    public static Ending? ByPolicy(GrantFacts facts, BreakGlassGrant grant)
    {
        var name = grant.Spec.Policy;
        var policy = facts.Policy;
        if (policy is null || policy.Metadata.DeletionTimestamp is not null || policy.Metadata.Uid != grant.Status.PolicyUid)
        {
            return new(EndReason.PolicyDeleted, "PolicyDeleted", GrantStatuses.Operator, $"Access ended since policy '{name}' was deleted.");
        }

        if (policy.Spec.Suspended)
            return new(EndReason.PolicySuspended, "PolicySuspended", GrantStatuses.Operator, $"Access ended since policy '{name}' was suspended.");

        var why = Narrowed(facts, grant, policy);
        return why is null ? null : new(EndReason.PolicyNarrowed, "PolicyNarrowed", GrantStatuses.Operator,
            $"Access ended since policy '{name}' no longer allows it: {GrantStatuses.Sentence(why)}");
    }

    private static string? Narrowed(GrantFacts facts, BreakGlassGrant grant, BreakGlassPolicy policy)
    {
        var problems = PolicyRules.Check(policy, facts.Settings);
        if (problems.Count > 0) return problems[0].ToString();
        if (!Subjects.Include(policy.Spec.Requesters, grant.Spec.Requester ?? Caller.Nobody))
            return $"spec.requesters: {GrantStatuses.Requester(grant)} is not among them any more";
        if (!facts.SealsUnknown && facts.Seal is not SealState.Valid)
            return "spec.requester: nothing proves who asked, and the operator does not take it as written";
        if (policy.Spec.Credential != grant.Status.Credential) return $"spec.credential: it gives {policy.Spec.Credential} now";
        if (!grant.Status.Access.Any(e => Targets.StillGiven(e, policy.Spec))) return "spec.access: none of the grant's entries is left";
        if (facts.End is { By: EndLimit.Policy } end && facts.Now >= end.At)
        {
            return $"spec.duration.max: it is {policy.Spec.Duration.Max} now";
        }

        return RecordRules.Lacks(facts, grant, policy);
    }
}
