using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What a drill rehearses, and when.</summary>
[ValidationRule(
    $"self.end != 'Expire' || duration(self.duration) <= duration('{Bounds.LongestExpiringDrill}')", message: "duration: " + Sentences.LongerThanADrill)]
public sealed record DrillSpec
{
    /// <summary>The name of the BreakGlassPolicy that is drilled. The policy must have drills: Allowed.</summary>
    [Required, Length(1, Bounds.LongestName)]
    public string Policy { get; init => field = value ?? ""; } = "";

    /// <summary>When the drill runs, as a cron expression of five fields: minute, hour, day of the month, month, day of the week.</summary>
    [Required, Length(1, 128)]
    public string Schedule { get; init => field = value ?? ""; } = "";

    /// <summary>The IANA time zone of the schedule, for example Europe/Berlin.</summary>
    [Default, Length(1, 64)]
    public string TimeZone { get; init => field = value ?? Bounds.UsualTimeZone; } = Bounds.UsualTimeZone;

    /// <summary>
    /// The duration of the drill's grant, at most the policy's duration.max. With end: Revoke, it limits the access if the operator cannot revoke it. With
    /// end: Expire, each run takes at least this time, and it is at most 30m.
    /// </summary>
    [Default, Pattern(GoDuration.Pattern), Length(maxLength: 32)]
    public string Duration { get; init => field = value ?? Bounds.UsualDrill; } = Bounds.UsualDrill;

    /// <summary>
    /// How a run ends its grant. Revoke: it revokes the grant as soon as it has used the access. Expire: it waits until the grant expires, and revokes it only
    /// after a failure.
    /// </summary>
    [Default]
    public DrillEnd End { get; init; }

    /// <summary>
    /// For policies that require approval. Silent: the operator's own drill approver approves. Announced: the policy's approvers must approve, and the drill
    /// measures how long it takes.
    /// </summary>
    [Default]
    public DrillMode Mode { get; init; }

    /// <summary>
    /// If set, each run redeems one of these vouchers, as people do when the identity provider is down. The policy must accept vouchers, and its holders
    /// must include the user of the ServiceAccount breakglass-drill.
    /// </summary>
    public DrillVoucherSet? Voucher { get; init; }

    /// <summary>How long the parts of a run can take.</summary>
    public DrillTargets? Targets { get; init; }

    /// <summary>The number of finished runs in the status.</summary>
    [Default, RangeMinimum(1), RangeMaximum(Bounds.LongestHistory)]
    public int History { get; init; } = Bounds.UsualHistory;

    /// <summary>If true, the drill does not run by its schedule.</summary>
    [Default]
    public bool Suspended { get; init; }
}
