namespace Kube.Runtime;

/// <summary>How a <see cref="Controller{TKey}"/> works.</summary>
public sealed record ControllerOptions
{
    /// <summary>Workers that take <see cref="Lane.Urgent"/> only; 0 by default.</summary>
    public int UrgentWorkers { get; init; }

    /// <summary>Workers that take any lane, the most urgent first; 1 by default.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Longest delay between two tries of an urgent key; 2 s by default.</summary>
    public TimeSpan UrgentMaxDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest delay between two tries of any other key; 1000 s by default.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(1000);

    /// <summary>Longest run; none by default. A run that is cut off counts as failed.</summary>
    public TimeSpan? ReconcileTimeout { get; init; }

    /// <summary>How long a run that is under way may go on after the controller is told to stop; 20 s by default.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
