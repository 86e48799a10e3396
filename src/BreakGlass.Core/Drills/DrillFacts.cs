namespace BreakGlass.Core.Drills;

/// <summary>All that is known of one drill at one moment.</summary>
public sealed record DrillFacts
{
    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The operator's set-up.</summary>
    public required CoreSettings Settings { get; init; }

    /// <summary>The drill.</summary>
    public required BreakGlassDrill Drill { get; init; }

    /// <summary>The policy that it names, or null where there is none.</summary>
    public BreakGlassPolicy? Policy { get; init; }

    /// <summary>The grants that carry its mark, finished ones too.</summary>
    public IReadOnlyList<BreakGlassGrant> Grants { get; init; } = [];

    /// <summary>The run that this process carries out; null if there is none. Any other run of the status that is not finished was left unfinished.</summary>
    public string? InHand { get; init; }
}
