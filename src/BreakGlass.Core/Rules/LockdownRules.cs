using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>What a lockdown covers.</summary>
public static class LockdownRules
{
    /// <summary>Why a lockdown cannot be made; null where it can.</summary>
    public static Problem? Check(BreakGlassLockdown lockdown)
    {
        if (string.IsNullOrWhiteSpace(lockdown.Spec.Reason))
            return new("ReasonMissing", "spec.reason", "must not be empty; explain why access is locked down, people who lose access will read it");
        return Selectors.Check(PolicyRules.Invalid, "spec.policySelector", lockdown.Spec.PolicySelector).FirstOrDefault();
    }

    /// <summary>
    /// Whether a lockdown covers the grants of a policy. An empty selector covers everything. To be safe, a lockdown also covers grants whose policy
    /// is gone, and everything if its selector is not valid.
    /// </summary>
    public static bool Covers(BreakGlassLockdown lockdown, BreakGlassPolicy? policy) =>
        policy is null || lockdown.Spec.PolicySelector is not { } selector || selector.Matches(policy.LabelsOrEmpty)
        || Selectors.Check("", "", selector).Any();

    /// <summary>The oldest lockdown that covers a policy's grants, or null.</summary>
    public static BreakGlassLockdown? For(BreakGlassPolicy? policy, IReadOnlyList<BreakGlassLockdown> lockdowns) =>
        lockdowns.Where(l => Covers(l, policy)).OrderBy(l => l.Metadata.CreatedAt).ThenBy(l => l.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();

    /// <summary>Why a lockdown denies a grant.</summary>
    public static Problem Denial(BreakGlassLockdown lockdown) => new(Lockdown, "spec.policy",
        $"lockdown '{lockdown.Metadata.Name}' blocks all grants in its scope ({Reason(lockdown)}); "
        + $"ask {(Callers.IsNamed(lockdown.Spec.By) ? Callers.Shown(lockdown.Spec.By) : "the person who created it")}, "
        + "and create a new grant after it is lifted ('kubectl get bgl')");

    /// <summary>A lockdown's reason as part of a sentence.</summary>
    public static string Reason(BreakGlassLockdown lockdown) => VisibleText.Line(lockdown.Spec.Reason.Trim().TrimEnd('.'));
}
