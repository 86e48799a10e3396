namespace BreakGlass.Operator.Admission;

internal static class PolicyChanges
{
    public static PolicyChange Of(BreakGlassPolicy old, BreakGlassPolicy policy, SealState oldSeal, ClusterView cluster)
    {
        var sameSpec = Seal.SameSpec(old, policy);
        if (oldSeal is not SealState.Valid)
        {
            // Whoever adds a label, and the operator with its finalizer, must not vouch for a policy by that: the seal has to be asked for.
            var asked = Seal.Of(policy) != Seal.Of(old);
            return (sameSpec && !asked) || OnlySuspends(old, policy) ? PolicyChange.Keeps : PolicyChange.NeedsRights;
        }

        if (sameSpec || OnlySuspends(old, policy)) return PolicyChange.Reseals;

        // Who gets access, for how long and on whose word is as much a way of handing it out as which access. And a policy that is changed is a policy that
        // is applied again: its pins move to today's roles, and somebody has to answer for those.
        return OnlyDescribes(old, policy) && !RoleSummaries.AnyChanged(old, cluster) ? PolicyChange.Reseals : PolicyChange.NeedsRights;
    }

    /// <summary>Whether a change does nothing but suspend the policy, which anybody who may write it must be able to do at once.</summary>
    public static bool OnlySuspends(BreakGlassPolicy old, BreakGlassPolicy policy) =>
        policy.Spec.Suspended && !old.Spec.Suspended && Seal.SameSpec(old with { Spec = old.Spec with { Suspended = true } }, policy);

    private static bool OnlyDescribes(BreakGlassPolicy old, BreakGlassPolicy policy) =>
        Seal.SameSpec(old with { Spec = old.Spec with { Description = policy.Spec.Description } }, policy);
}
