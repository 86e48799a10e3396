namespace Kube.Runtime;

/// <summary>How a <see cref="ControllerLoop{TEntity}"/> works.</summary>
public sealed record ControllerOptions
{
    /// <summary>Workers that take <see cref="Lane.Urgent"/> only; 0 by default.</summary>
    public int UrgentWorkers { get; init; }

    /// <summary>Workers that take any lane, the most urgent first; 1 by default.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Longest delay between two tries of an urgent name.</summary>
    public static readonly TimeSpan UrgentMaxDelay = TimeSpan.FromSeconds(2);

    /// <summary>Longest delay between two tries of any other name; 1000 s by default.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(1000);

    /// <summary>How long a run in progress may go on after the stop.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(20);
}
