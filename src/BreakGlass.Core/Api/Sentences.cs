namespace BreakGlass.Core.Api;

/// <summary>
/// What a person reads when a rule refuses an object. The API server, which runs the rule in CEL, and the operator and the plugin, which run it in C#, use the
/// same sentence.
/// </summary>
internal static class Sentences
{
    public const string NameTooLong = "at most 63 characters, because the name becomes a label value";

    public const string DrillNameTooLong = "at most 40 characters, because the names of the drill's grants begin with it";

    public const string LongerThanADrill = $"is longer than {Bounds.LongestExpiringDrill}, the longest that a drill waits until its grant expires; "
        + "shorten it, or use end: Revoke";

    public const string NotPositive = "must be more than zero";
    public const string LongerThanAGrant = $"is longer than {Bounds.LongestGrant}, the longest a grant can be";
    public const string LongerThanAWait = $"is longer than {Bounds.LongestWait}, the longest it can be";
    public const string LongerThanMax = "is longer than max";

    public const string OnePlace = "exactly one of namespaces, namespaceSelector and clusterWide: true says where the role is given";
    public const string RoleNeedsNamespaces =
        "a Role lives in a namespace, so the entry needs namespaces; use a ClusterRole for a selector or the whole cluster";

    public const string NoApproval = "a policy of mode BreakGlass gives access at once and takes no approval; use mode JustInTime, or remove it";
    public const string ApprovalMissing = "required for mode JustInTime; say how many approvals are needed and from whom";
    public const string ScheduleMissing = "required for mode TimeBoxed; say in which windows access is given";
    public const string OnlyTimeBoxed = "only for mode TimeBoxed; use that mode, or remove it";
    public const string OnlyJustInTime = "only for mode JustInTime; use that mode, or remove it";
    public const string GatewayNeedsToken = "path Gateway needs credential ServiceAccountToken, because the gateway sends requests as the grant's identity; "
        + "use that credential, or path Direct";
    public const string AlwaysReviewed = "a policy of mode BreakGlass is always reviewed; write true, or leave it out";

    public const string GrantFixed = "a grant cannot be changed after it was created, only spec.revoke can be set; create a new grant instead";
    public const string RevocationStays = "a revocation cannot be taken back; create a new grant instead";
    public const string RevocationFixed = "cannot be changed once it is set";
    public const string ApprovalFixed = "an approval cannot be changed; create another one";
    public const string ReviewFixed = "a review cannot be changed; create another one";
    public const string LockdownFixed = "a lockdown cannot be changed; create another one, or delete this one to lift it";

    public const string VoucherWithProof =
        "voucher and voucherProof belong together; set both with 'kubectl breakglass request --voucher FILE', or remove both";
    public const string VouchersNeedToken = "a voucher's credential is encrypted to its holder, which needs credential ServiceAccountToken; "
        + "use that credential, or remove vouchers";
    public const string HoldersAreUsers = "only users can be holders, because the use of a voucher needs no sign-in, so groups are not known; "
        + "name each person as {kind: User, name: alice}";
    public const string LongerThanAVoucher = $"is longer than {Bounds.LongestVoucher}, the longest a voucher can be used";
    public const string MoreThanKeys = "is more than the number of keys, so no voucher could have enough signatures; add keys, or lower required";
    public const string PrivateAuthorityKey = "this contains a private key (d); send only the public part (kty, crv, x, y). "
        + "Create a new key, because everybody who can read the authority can read this one.";

    public const string PrivateKey = "this contains a private key; send only the public part (kty, n, e or kty, crv, x, y). "
        + "Create a new key, because everybody who can read the grant can read this one.";
    public const string SymmetricKey = "this is a symmetric key (kty oct, k), which everybody who can read the grant can read. "
        + "Send the public part of an RSA or EC key.";
}
