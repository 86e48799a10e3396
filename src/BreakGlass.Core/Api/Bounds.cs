namespace BreakGlass.Core.Api;

/// <summary>The limits and defaults of the API, each written once: the schemas, their CEL rules and the rules in C# read them here.</summary>
public static class Bounds
{
    /// <summary>Names of grants and policies are label values, and those end at 63 characters.</summary>
    public const int LongestName = 63;

    /// <summary>The most characters of a justification.</summary>
    public const int LongestJustification = 4096;

    /// <summary>The most characters of the name of a recipient's key.</summary>
    public const int LongestKeyId = 256;

    /// <summary>The longest a policy may give access for.</summary>
    public const string LongestGrant = "12h";

    /// <summary>The longest that a request can wait for its approvers.</summary>
    public const string LongestWait = "168h";

    /// <summary>How long a grant lasts if neither it nor the policy says.</summary>
    public const string UsualDuration = "30m";

    /// <summary>The longest a grant may ask for if the policy does not say.</summary>
    public const string UsualMaxDuration = "1h";

    /// <summary>How long approvers have if the policy does not say.</summary>
    public const string UsualWait = "15m";

    /// <summary>How long reviewers have if the policy does not say.</summary>
    public const string UsualReview = "24h";

    /// <summary>How long a finished grant is kept if the policy does not say.</summary>
    public const string UsualRetention = "2160h";

    /// <summary>The longest that a voucher can be used after it was issued.</summary>
    public const string LongestVoucher = "8784h";

    /// <summary>How long a voucher can be used if the policy does not say.</summary>
    public const string UsualVoucherAge = "2160h";

    /// <summary>The most characters of a signed voucher in a grant.</summary>
    public const int LongestVoucherText = 8 * 1024;

    /// <summary>The most characters of a voucher's proof in a grant.</summary>
    public const int LongestVoucherProof = 2 * 1024;

    /// <summary>The most characters of a voucher's id.</summary>
    public const int LongestVoucherId = 64;

    /// <summary>The most characters of the name of an authority's key.</summary>
    public const int LongestAuthorityKeyId = 64;

    /// <summary>The most keys of an authority.</summary>
    public const int MostAuthorityKeys = 16;

    /// <summary>The most vouchers that an authority names as revoked. To revoke more, replace its keys.</summary>
    public const int MostRevokedVouchers = 500;

    /// <summary>The most characters of the name of a drill: the name of its grants is longer, and is a label value.</summary>
    public const int LongestDrillName = 40;

    /// <summary>The duration of a drill's grant if the drill does not say.</summary>
    public const string UsualDrill = "5m";

    /// <summary>
    /// The longest duration of a drill that lets its grant expire. The API server keeps the events that the run looks for during an hour.
    /// </summary>
    public const string LongestExpiringDrill = "30m";

    /// <summary>The number of finished runs that a drill keeps if it does not say.</summary>
    public const int UsualHistory = 10;

    /// <summary>The most finished runs that a drill keeps.</summary>
    public const int LongestHistory = 50;

    /// <summary>The Secret with the vouchers of a drill if the drill does not say.</summary>
    public const string UsualDrillVouchers = "breakglass-drill-vouchers";

    /// <summary>The time zone of a drill's schedule if the drill does not say.</summary>
    public const string UsualTimeZone = "Etc/UTC";

    /// <summary>The name of a Secret: a DNS subdomain (https://kubernetes.io/docs/concepts/overview/working-with-objects/names).</summary>
    public const string ObjectName = @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    /// <summary>A local time of a schedule, for example 22:00.</summary>
    public const string TimeOfDay = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
}
