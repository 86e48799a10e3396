namespace BreakGlass.Core.Drills;

/// <summary>The parts of a run, in their order. The names are those of the phases.</summary>
public enum DrillStep
{
    /// <summary>Create the grant, through the webhooks.</summary>
    Request,

    /// <summary>Have it approved, if the policy requires that.</summary>
    Approval,

    /// <summary>Wait until it is active, and take its credential.</summary>
    Access,

    /// <summary>Use the access until it works.</summary>
    Use,

    /// <summary>Keep access open for a while, if the request for the run says so.</summary>
    Hold,

    /// <summary>Wait until the grant expires, if the drill lets it expire.</summary>
    Expiry,

    /// <summary>Revoke the grant. If the drill lets it expire, only after a failure.</summary>
    Revocation,

    /// <summary>Use the access until it is refused.</summary>
    Denial,

    /// <summary>Wait until the operator has proven that access is gone.</summary>
    Proof,

    /// <summary>Look for all transitions of the grant in the journal, and verify that they are in it.</summary>
    Journal,

    /// <summary>Look for the grant's events.</summary>
    Events,

    /// <summary>Look whether the metrics have counted the activation.</summary>
    Metrics,

    /// <summary>Look whether the receivers for drills took the notifications.</summary>
    Notifications,

    /// <summary>Look for the use of the access in the session's record.</summary>
    Audit,
}
