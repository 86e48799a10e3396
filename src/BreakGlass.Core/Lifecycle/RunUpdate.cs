namespace BreakGlass.Core.Lifecycle;

/// <summary>What follows from the result of one step.</summary>
/// <param name="Run">The run, which knows the result.</param>
public sealed record RunUpdate(GrantRun Run)
{
    /// <summary>Whether the run ends here and is tried again after a pause. The other steps of the plan are still carried out.</summary>
    public bool BreaksOff { get; init; }

    /// <summary>What happened; null for nothing that is announced.</summary>
    public GrantEvent? Event { get; init; }

    /// <summary>What turned out to be out of date in the caches, and is read before the next decision; null for nothing.</summary>
    public IKubernetesObject<V1ObjectMeta>? Outdated { get; init; }

    /// <summary>What could not be removed, unless the grant's record says so already: removal is tried every few seconds, perhaps for days.</summary>
    public Obstruction? NewObstruction { get; init; }
}
