namespace BreakGlass.Core.Model;

#pragma warning disable CS1591 // The names are what a person reads; docs/concepts.md explains each.

/// <summary>The conditions of an authority and their reasons.</summary>
public static class AuthorityConditions
{
    // The types.
    public const string Ready = PolicyConditions.Ready, RotationDue = "RotationDue";

    // Ready.
    public const string
        Accepted = PolicyConditions.Accepted, InvalidAuthority = "InvalidAuthority", AuthorityNotSealed = DenialReasons.AuthorityNotSealed,
        Suspended = PolicyConditions.Suspended, KeysExpired = "KeysExpired", TooManyUses = DenialReasons.TooManyUses;

    // RotationDue.
    public const string VoucherUsed = DenialReasons.VoucherUsed, NotUsed = "NotUsed";
}
