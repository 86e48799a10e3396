namespace Soak.Faults;

/// <summary>Ends of access.</summary>
[Flags]
internal enum Ends
{
    None = 0,

    /// <summary>At expiresAt.</summary>
    ByTime = 1,

    /// <summary>Because somebody revoked or deleted the grant, or changed the policy.</summary>
    ByWord = 2,

    /// <summary>Because of a lockdown, the kill switch.</summary>
    ByLockdown = 4,

    Any = ByTime | ByWord | ByLockdown,
}
