namespace BreakGlass.Core.Api;

/// <summary>What became of a run of a drill, or of one of its phases.</summary>
public enum DrillResult
{
    /// <summary>It is not finished.</summary>
    Running,

    /// <summary>Everything happened as it must, and within the targets.</summary>
    Passed,

    /// <summary>Something did not happen, or took longer than its target.</summary>
    Failed,

    /// <summary>There was nothing to check. Phases only.</summary>
    Skipped,
}
