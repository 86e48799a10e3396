namespace Kube.Runtime;

/// <summary>Which lease to hold and how long things may take. The defaults are client-go's.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>Namespace of the lease.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the lease.</summary>
    public required string Name { get; init; }

    /// <summary>Who we are; no two candidates may have the same. For example <c>host_uuid</c>, as client-go's users build it.</summary>
    public required string Identity { get; init; }

    /// <summary>How long others wait before they take a lease that is not renewed; whole seconds, 15 s by default.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the leader tries to renew before it gives up; 10 s by default, less than <see cref="LeaseDuration"/>.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause between two tries; 2 s by default, 1.2 times of it less than <see cref="RenewDeadline"/>.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the work may take to end once the lease is lost: not longer than others still wait for the lease.</summary>
    public static readonly TimeSpan StopLeading = TimeSpan.FromSeconds(5);

    /// <summary>How long a renewal may be overdue after <see cref="LeaseDuration"/> before <see cref="LeaderElector.Check"/> fails.</summary>
    public static readonly TimeSpan HealthTolerance = TimeSpan.FromSeconds(20);

    /// <summary>Longest single call: half the <see cref="RenewDeadline"/>, at least a second.</summary>
    internal TimeSpan CallTimeout => RenewDeadline / 2 > TimeSpan.FromSeconds(1) ? RenewDeadline / 2 : TimeSpan.FromSeconds(1);

    /// <summary>What is wrong with the options, or null.</summary>
    internal string? Problem()
    {
        if (LeaseDuration <= RenewDeadline || RenewDeadline <= 1.2 * RetryPeriod || RetryPeriod <= TimeSpan.Zero)
        {
            return $"leader election needs LeaseDuration ({LeaseDuration}) > RenewDeadline ({RenewDeadline}) > 1.2 · RetryPeriod ({RetryPeriod}) > 0";
        }

        if (LeaseDuration.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            return $"LeaseDuration ({LeaseDuration}) must be a whole number of seconds, because the Lease object stores seconds";
        }

        return Name.Length == 0 || Namespace.Length == 0 || Identity.Length == 0 ? "leader election needs a lease name, its namespace and an identity" : null;
    }
}
