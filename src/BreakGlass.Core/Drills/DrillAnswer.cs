namespace BreakGlass.Core.Drills;

/// <summary>What became of one step.</summary>
/// <param name="Result">Passed, Failed or Skipped.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="Reason">If it failed: one of <see cref="Model.DrillReasons"/>.</param>
public sealed record DrillAnswer(DrillResult Result, string? Message = null, string? Reason = null)
{
    /// <summary>Whether the API server said for certain that there is no grant, so that there is nothing to revoke.</summary>
    public bool NoGrant { get; init; }

    /// <summary>The id of the voucher that was presented; null if none was.</summary>
    public string? Voucher { get; init; }

    /// <summary>How many vouchers are left for later runs; null if the drill uses none.</summary>
    public int? VouchersLeft { get; init; }

    /// <summary>When the grant expires; null if the step does not say.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>It happened as it must.</summary>
    public static DrillAnswer Passed(string? message = null) => new(DrillResult.Passed, message);

    /// <summary>There was nothing to do.</summary>
    public static DrillAnswer Skipped(string message) => new(DrillResult.Skipped, message);

    /// <summary>It did not happen as it must.</summary>
    public static DrillAnswer Failed(string reason, string message) => new(DrillResult.Failed, message, reason);
}
