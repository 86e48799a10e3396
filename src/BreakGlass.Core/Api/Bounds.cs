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

    /// <summary>A local time of a schedule, for example 22:00.</summary>
    public const string TimeOfDay = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
}
