namespace BreakGlass.Operator.Outbound;

/// <summary>What can become of a delivery.</summary>
internal static class DeliveryResults
{
    /// <summary>The destination took it.</summary>
    public const string Delivered = "delivered";

    /// <summary>The destination refused it, or all tries failed.</summary>
    public const string Failed = "failed";

    /// <summary>It was never tried, or not to the end: too many waited, or the process stopped.</summary>
    public const string Dropped = "dropped";

    /// <summary>All results, so that each has its counter from the start.</summary>
    public static IReadOnlyList<string> All { get; } = [Delivered, Failed, Dropped];
}
