namespace BreakGlass.Core.Api;

/// <summary>Whether a drill involves people.</summary>
public enum DrillMode
{
    /// <summary>The operator's own drill approver approves. No person is asked to approve.</summary>
    Silent,

    /// <summary>The approvers of the policy must approve. The drill fails if they do not decide in time.</summary>
    Announced,
}
