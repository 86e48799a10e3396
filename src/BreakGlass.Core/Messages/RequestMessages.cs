using BreakGlass.Core.Rules;
using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of a grant before it gives access.</summary>
internal static class RequestMessages
{
    public const string WaitsForApproval = "Access waits for approval; see the condition Approved.";

    public static string Requested(BreakGlassGrant grant, TimeSpan duration) =>
        $"{Requester(grant)} requests {GoDuration.Format(duration)} of policy '{grant.Spec.Policy}'"
            + $"{(grant.Spec.Ticket is null ? "" : $" ({VisibleText.Line(grant.Spec.Ticket)})")}: {VisibleText.Line(grant.Spec.Justification)}";
    public static string Allowed(BreakGlassGrant grant, TimeSpan duration) =>
        $"Policy '{grant.Spec.Policy}' allows {Requester(grant)} this access for {GoDuration.Format(duration)}.";
    public static string Approved(BreakGlassGrant grant, string approval) => $"Access of {Requester(grant)}: {approval}";
    public static string StartsAt(DateTimeOffset start) => $"Access starts at {Timestamp.Text(start)}.";
    public static string Scheduled(BreakGlassGrant grant, DateTimeOffset start) => $"Access of {Requester(grant)} starts at {Timestamp.Text(start)}.";
    public static string ClockSkew(TimeSpan skew, CoreSettings settings) =>
        $"The operator's clock is more than {GoDuration.Format(settings.LargestClockSkew)} {(skew < TimeSpan.Zero ? "behind" : "ahead of")} the API server's "
            + "clock, so the operator cannot end a grant on time. Correct the clock (NTP) of the operator's node or of the control plane. "
            + "The grant is activated when the clocks agree.";
    public static string PolicyReplaced(string policy) => $"policy '{policy}' was deleted and created again while the grant waited; create a new grant";
    public static string TooLate(DateTimeOffset since, TimeSpan latest) =>
        $"access could have been given from {Timestamp.Text(since)} on, but was not for {GoDuration.Format(latest)}; it is not given when it is no longer "
            + "expected. Create a new grant";
    public static string Denied(BreakGlassGrant grant, Problem problem) => $"{Requester(grant)} was denied access: {problem}";
    public static string NotGiven(string condition) => $"Access was not given; see the condition {condition}.";
}
