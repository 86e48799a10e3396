namespace BreakGlass.Core.Messages;

/// <summary>What is said of a drill.</summary>
internal static class DrillMessages
{
    public const string Suspended = "spec.suspended is true: the drill does not run by its schedule. You can run it with 'kubectl breakglass drill run'.";
    public const string NoNextRun = "The schedule has no further time.";
    public const string NeverRun = "The drill never ran.";
    public const string Interrupted = "The operator stopped in the middle of the run.";

    public static string Scheduled(DateTimeOffset next) => $"The drill runs next at {Timestamp.Text(next)}.";
    public static string InvalidSchedule(string problem) => $"spec.schedule: {problem}.";
    public static string InvalidTimeZone(string zone) =>
        $"spec.timeZone: '{zone}' is not a known time zone; use an IANA name, for example Europe/Berlin.";
    public static string PolicyNotFound(string policy) => $"BreakGlassPolicy {policy} does not exist. Create it, or correct spec.policy.";
    public static string DrillsForbidden(string policy) =>
        $"Policy {policy} does not allow drills, so each run fails. Set drills: Allowed in the policy, or drill another policy.";
    public static string VouchersNotAllowed(string policy) =>
        $"Policy {policy} does not accept vouchers, so each run fails. Set spec.vouchers in the policy, or remove spec.voucher from the drill.";
    public static string Waits(DateTimeOffset expiry) => $"The run waits until the grant expires at {Timestamp.Text(expiry)}.";
    public static string Passed(DrillRun run) =>
        $"The run of {Timestamp.Text(run.StartedAt)}{(run.End is DrillEnd.Expire ? ", which let its grant expire," : "")} passed{Times(run)}.";
    public static string Failed(DrillRun run) => $"The run of {Timestamp.Text(run.StartedAt)} failed: {Words.Few(run.Failures, " ")}";
    public static string Missed(string what, TimeSpan took, string target) => $"{what}: it took {Text(took)}, longer than the target of {target}.";
    public static string Text(TimeSpan took) => GoDuration.Format(TimeSpan.FromMilliseconds(Math.Round(Math.Max(0, took.TotalMilliseconds))));

    private static string Times(DrillRun run)
    {
        (string Words, string? Took)[] times =
            [("access after", run.TimeToAccess), ("denial after", run.TimeToDenial), ("proof after", run.ProofOfEnd)];
        var known = times.Where(t => t.Took is not null).Select(t => $"{t.Words} {t.Took}").ToList();
        return known.Count == 0 ? "" : $": {string.Join(", ", known)}";
    }
}
