namespace BreakGlass.Core.Api;

/// <summary>Whether a drill involves people.</summary>
public enum DrillMode
{
    /// <summary>The operator's own drill approver approves. Nobody is asked.</summary>
    Silent,

    /// <summary>The approvers of the policy must approve. The drill fails if nobody decides in time.</summary>
    Announced,
}
