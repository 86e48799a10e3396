namespace BreakGlass.Core.Rules;

/// <summary>The stage of a request's approval.</summary>
internal enum ApprovalStage
{
    /// <summary>No approval is needed.</summary>
    NotRequired,

    /// <summary>The policy approves such short, read-only requests automatically.</summary>
    AutoApproved,

    /// <summary>Enough have agreed.</summary>
    Approved,

    /// <summary>It waits.</summary>
    Waiting,

    /// <summary>No approver decided in time, and the policy gives access anyway.</summary>
    Bypassed,

    /// <summary>An approver denied the request, or none decided in time.</summary>
    Denied,
}
