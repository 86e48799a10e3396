namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one lockdown at one moment.</summary>
public sealed record LockdownFacts
{
    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The lockdown.</summary>
    public required BreakGlassLockdown Lockdown { get; init; }

    /// <summary>All grants, finished ones too.</summary>
    public required IReadOnlyCollection<BreakGlassGrant> Grants { get; init; }

    /// <summary>A policy by name, or null where there is none.</summary>
    public required Func<string, BreakGlassPolicy?> Policy { get; init; }
}
