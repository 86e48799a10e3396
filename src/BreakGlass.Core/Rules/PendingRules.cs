using BreakGlass.Core.Model;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>How many requests of one person may wait for a decision of one policy.</summary>
public static class PendingRules
{
    /// <summary>The most, if the policy does not say.</summary>
    public const int UsualMost = 5;

    /// <summary>
    /// Whether requests of a policy wait at all. Those of mode BreakGlass are decided at once, and are never refused for others on their way.
    /// </summary>
    public static bool Applies(PolicySpec policy) => policy.Mode is not PolicyMode.BreakGlass;

    /// <summary>Whether a grant waits: it gives no access yet and may still do so.</summary>
    public static bool Waits(BreakGlassGrant grant) =>
        grant.Metadata.DeletionTimestamp is null && grant.Spec.Revoke is null && grant.Status.Phase is not GrantPhase.Active && !grant.Status.IsTerminal;

    /// <summary>
    /// What becomes of a request that would have to wait: replicas that admit at the same time do not see each other's requests, so that more may be
    /// there than the policy lets wait. The oldest are those that wait; the others are denied.
    /// </summary>
    /// <param name="grant">The request, which does not wait yet.</param>
    /// <param name="policy">Its policy.</param>
    /// <param name="siblings">The policy's other grants.</param>
    /// <returns>Why it is denied, or that older requests have to be decided first; neither if it may wait.</returns>
    public static (Problem? Denial, bool AfterOthers) WhenDecided(BreakGlassGrant grant, BreakGlassPolicy policy, IReadOnlyList<BreakGlassGrant> siblings)
    {
        if (!Applies(policy.Spec)) return (null, false);
        var own = siblings.Where(s => Callers.Same(s.Spec.Requester, grant.Spec.Requester) && Waits(s)).ToList();
        var waiting = own.Where(IsDecided).Select(s => s.Metadata.Name).ToList();
        if (Check(policy, Callers.Shown(grant.Spec.Requester), waiting) is { } denial) return (denial, false);
        var older = own.Count(s => !IsDecided(s) && !s.Status.IsRecorded && IsOlder(s, grant));
        return (null, waiting.Count + older >= Most(policy));
    }

    private static bool IsDecided(BreakGlassGrant grant) => grant.Status.Phase is GrantPhase.AwaitingApproval or GrantPhase.Scheduled;

    // Names are unique, so of two one is always the older.
    private static bool IsOlder(BreakGlassGrant one, BreakGlassGrant other) => (one.Metadata.CreatedAt ?? default)
        .CompareTo(other.Metadata.CreatedAt ?? default) switch
    {
        0 => string.CompareOrdinal(one.Metadata.Name, other.Metadata.Name) < 0,
        var order => order < 0,
    };

    private static int Most(BreakGlassPolicy policy) => policy.Spec.Limits?.MaxPending ?? UsualMost;

    /// <summary>Why one more is refused; null if it is not.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="requester">Who asks.</param>
    /// <param name="waiting">The names of the grants of theirs that wait, without the new one.</param>
    public static Problem? Check(BreakGlassPolicy policy, string requester, IReadOnlyCollection<string> waiting)
    {
        var most = Most(policy);
        return !Applies(policy.Spec) || waiting.Count < most
            ? null
            : new(TooManyPending, "spec.policy",
                $"'{requester}' has {waiting.Count} waiting request(s) for policy "
                    + $"'{policy.Metadata.Name}' ({string.Join(", ", waiting.Order(StringComparer.Ordinal).Take(5))}), and at most {most} may wait; "
                + "wait for a decision, or revoke one of them");
    }
}
