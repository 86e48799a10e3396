using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of a lockdown.</summary>
internal static class LockdownMessages
{
    public static string InForce(BreakGlassLockdown lockdown) =>
        $"No grant in the scope is or becomes active while this lockdown exists: {LockdownRules.Reason(lockdown)}. To lift it, delete it.";
    public static string AllProven(int count) => $"{count} grant(s) were revoked, and each revocation is proven.";
    public static string Revoking(int live, int unproven, int count) =>
        $"{live} grant(s) still have access, {unproven} revocation(s) are not proven yet, {count} grant(s) were revoked so far.";
    public static string Engaged(BreakGlassLockdown lockdown, int active) =>
        $"{Callers.Shown(lockdown.Spec.By)} locked down {Scope(lockdown)}: {LockdownRules.Reason(lockdown)}. {active} grant(s) in the scope were active.";

    private static string Scope(BreakGlassLockdown lockdown) =>
        lockdown.Spec.PolicySelector is not { } s || (s.MatchLabels.Count == 0 && s.MatchExpressions.Count == 0)
            ? "everything" : "the policies that its selector matches";
}
