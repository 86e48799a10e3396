namespace BreakGlass.Operator.Admission;

/// <summary>What a change of an authority asks of its author. Pure.</summary>
internal static class AuthorityChanges
{
    public static PolicyChange Of(BreakGlassAuthority old, BreakGlassAuthority authority, SealState oldSeal)
    {
        var sameSpec = Seal.SameSpec(old, authority);
        if (oldSeal is not SealState.Valid)
        {
            // As for a policy: the seal has to be asked for.
            var asked = Seal.Of(authority) != Seal.Of(old);
            return (sameSpec && !asked) || OnlyRestricts(old, authority) ? PolicyChange.Keeps : PolicyChange.NeedsRights;
        }

        return sameSpec || OnlyRestricts(old, authority) ? PolicyChange.Reseals : PolicyChange.NeedsRights;
    }

    /// <summary>Whether a change only takes away, which everybody who may write the authority can do at once.</summary>
    public static bool OnlyRestricts(BreakGlassAuthority old, BreakGlassAuthority authority) =>
        !Seal.SameSpec(old, authority) && AuthorityRules.OnlyRestricts(old.Spec, authority.Spec);
}
