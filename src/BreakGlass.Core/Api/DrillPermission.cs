namespace BreakGlass.Core.Api;

/// <summary>Whether a policy can be drilled.</summary>
public enum DrillPermission
{
    /// <summary>The operator refuses grants of drills.</summary>
    Forbidden,

    /// <summary>The operator's own drill identity can request grants of this policy, for a BreakGlassDrill that names the policy.</summary>
    Allowed,
}
