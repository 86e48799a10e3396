namespace BreakGlass.Gateway.Admission;

/// <summary>Why requests are refused: the closed set of values of the label <c>reason</c>.</summary>
internal static class RefusalReasons
{
    /// <summary>There is no client certificate.</summary>
    public const string NoCertificate = "NoCertificate";

    /// <summary>The certificate is not from the gateway's authority, or names no grant.</summary>
    public const string UnknownCertificate = "UnknownCertificate";

    /// <summary>The grant does not exist.</summary>
    public const string NoGrant = "NoGrant";

    /// <summary>The certificate is not the one that the grant's status records.</summary>
    public const string OtherCertificate = "OtherCertificate";

    /// <summary>The grant is over.</summary>
    public const string Ended = "Ended";

    /// <summary>The grant does not give access yet.</summary>
    public const string NotActive = "NotActive";

    /// <summary>The grant does not use the gateway.</summary>
    public const string DirectPath = "DirectPath";

    /// <summary>The gateway does not know the grant's state: the API server does not answer.</summary>
    public const string Stale = "Stale";

    /// <summary>Too many requests of one grant are open.</summary>
    public const string TooMany = "TooMany";

    /// <summary>The method, the target or the framing of the request.</summary>
    public const string BadRequest = "BadRequest";

    /// <summary>The request would impersonate somebody.</summary>
    public const string Impersonation = "Impersonation";

    /// <summary>A lockdown covers the grant, or its policy is suspended.</summary>
    public const string Stopped = "Stopped";

    /// <summary>The grant was narrowed while the request was open, and no longer allows it.</summary>
    public const string Narrowed = "Narrowed";

    /// <summary>The request asks for another protocol than those that are forwarded.</summary>
    public const string Upgrade = "Upgrade";

    /// <summary>The API server could not be reached, or did not accept the gateway's token.</summary>
    public const string Upstream = "Upstream";

    /// <summary>The request cannot be recorded, and the policy says that it must be.</summary>
    public const string NotRecorded = "NotRecorded";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        NoCertificate, UnknownCertificate, NoGrant, OtherCertificate, Ended, Stopped, NotActive, DirectPath, Stale, TooMany, BadRequest, Impersonation,
        Narrowed, Upgrade, Upstream, NotRecorded,
    ];
}
