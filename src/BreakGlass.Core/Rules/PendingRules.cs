using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;

namespace BreakGlass.Core.Rules;

/// <summary>How many requests of one person may wait for a decision of one policy.</summary>
public static class PendingRules
{
    /// <summary>The most, if the policy does not say.</summary>
    public const int UsualMost = 5;

    /// <summary>Whether requests of a policy wait at all. Those of mode BreakGlass are decided at once, and are never refused for others on their way.</summary>
    public static bool Applies(PolicySpec policy) => policy.Mode is not PolicyMode.BreakGlass;

    /// <summary>Whether a grant waits: it gives no access yet and may still do so.</summary>
    public static bool Waits(BreakGlassGrant grant) =>
        grant.Metadata.DeletionTimestamp is null && grant.Spec.Revoke is null && grant.Status.Phase is not GrantPhase.Active && !GrantLifecycle.IsTerminal(grant.Status.Phase);

    /// <summary>Why one more is refused; null if it is not.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="requester">Who asks.</param>
    /// <param name="waiting">The names of the grants of theirs that wait, without the new one.</param>
    public static Problem? Check(BreakGlassPolicy policy, string requester, IReadOnlyCollection<string> waiting)
    {
        var most = policy.Spec.Limits?.MaxPending ?? UsualMost;
        return !Applies(policy.Spec) || waiting.Count < most
            ? null
            : new("TooManyPending", "spec.policy",
                $"'{requester}' has {waiting.Count} request(s) of policy '{policy.Metadata.Name}' that wait ({string.Join(", ", waiting.Order(StringComparer.Ordinal).Take(5))}), and at most {most} may; "
                + "wait for a decision, or revoke one of them");
    }
}
