using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one authority at one moment.</summary>
public sealed record AuthorityFacts
{
    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The authority.</summary>
    public required BreakGlassAuthority Authority { get; init; }

    /// <summary>The seal of the authority.</summary>
    public SealState Seal { get; init; } = SealState.Missing;

    /// <summary>Whether the clocks agree: a use is not forgotten by a clock that may be wrong.</summary>
    public bool IsTimeCertain { get; init; } = true;
}
