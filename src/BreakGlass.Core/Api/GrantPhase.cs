namespace BreakGlass.Core.Api;

/// <summary>The phase of a grant. Expired, Revoked, Denied and Failed are final.</summary>
public enum GrantPhase
{
    /// <summary>The operator processes the request, or creates access.</summary>
    Pending,

    /// <summary>The grant waits for approvers.</summary>
    AwaitingApproval,

    /// <summary>The grant is allowed and waits for its start time.</summary>
    Scheduled,

    /// <summary>The grant gives access.</summary>
    Active,

    /// <summary>Access ended because its time was over.</summary>
    Expired,

    /// <summary>Access ended before its time was over.</summary>
    Revoked,

    /// <summary>The policy or an approver did not allow the request. It never gave access.</summary>
    Denied,

    /// <summary>The operator could not create access, or could not keep it.</summary>
    Failed,
}
