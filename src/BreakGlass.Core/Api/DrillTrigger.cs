namespace BreakGlass.Core.Api;

/// <summary>Why a drill ran.</summary>
public enum DrillTrigger
{
    /// <summary>Its schedule.</summary>
    Schedule,

    /// <summary>A person asked for it (kubectl breakglass drill run).</summary>
    Manual,
}
