using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What a request must contain as its reason.</summary>
public sealed record JustificationRules
{
    /// <summary>The minimum number of visible characters in a justification.</summary>
    [RangeMinimum(0), RangeMaximum(1024)]
    public int? MinLength { get; init; }

    /// <summary>A regular expression that the ticket must match. If it is set, a ticket is required.</summary>
    [Length(maxLength: 256)]
    public string? TicketPattern { get; init; }
}
