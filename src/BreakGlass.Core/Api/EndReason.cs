namespace BreakGlass.Core.Api;

/// <summary>Why a grant ended.</summary>
public enum EndReason
{
    /// <summary>The grant's time was over.</summary>
    Expired,

    /// <summary>spec.revoke was set.</summary>
    RevokedByUser,

    /// <summary>The policy was suspended.</summary>
    PolicySuspended,

    /// <summary>The policy was deleted.</summary>
    PolicyDeleted,

    /// <summary>The policy no longer allows it.</summary>
    PolicyNarrowed,

    /// <summary>A lockdown covers the grant.</summary>
    Lockdown,

    /// <summary>The grant was not used.</summary>
    Idle,

    /// <summary>The grant was used in an unusual way, and the policy has onAnomaly: Revoke.</summary>
    Anomaly,

    /// <summary>The grant's voucher is no longer honoured.</summary>
    VoucherRevoked,

    /// <summary>The grant was deleted.</summary>
    Deleted,

    /// <summary>The policy or an approver denied the request.</summary>
    Denied,

    /// <summary>No approver decided in time.</summary>
    ApprovalTimeout,

    /// <summary>The operator could not create access, or could not keep it.</summary>
    Failed,
}
