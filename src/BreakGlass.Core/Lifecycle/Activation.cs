using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What is recorded when a grant opens.</summary>
/// <param name="Verdict">What it gives.</param>
/// <param name="Approval">Who agreed.</param>
/// <param name="Window">The window that it must end with, for mode TimeBoxed.</param>
internal sealed record Activation(Verdict Verdict, ApprovalOutcome Approval, Window? Window)
{
    /// <summary>How long access lasts.</summary>
    public TimeSpan Duration => Approval.AtMost is { } most && most < Verdict.Duration ? most : Verdict.Duration;
}
