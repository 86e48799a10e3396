namespace BreakGlass.Operator.Metrics;

/// <summary>The gauges of one authority.</summary>
/// <param name="Authority">Its name.</param>
internal sealed record AuthorityMetrics(string Authority)
{
    /// <summary>Whether a voucher was used, and neither its keys nor the courier were replaced.</summary>
    public bool RotationDue { get; init; }

    /// <summary>When a voucher was last used, as far as the authority still records it; null for never.</summary>
    public DateTimeOffset? LastUse { get; init; }
}
