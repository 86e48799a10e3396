namespace BreakGlass.Core.Rules;

/// <summary>Warnings of bounds that are missing, or so wide or so small that they bound nothing.</summary>
internal static class PolicyBounds
{
    /// <summary>A whole shift: access of this length is hardly an exception.</summary>
    private static readonly TimeSpan VeryLong = TimeSpan.FromHours(8);

    private static readonly TimeSpan ADay = TimeSpan.FromHours(24);

    public static IEnumerable<Problem> Warnings(PolicySpec spec)
    {
        if (spec.Limits is not ({ MaxActive: not null } or { MaxActivePerRequester: not null } or { Cooldown: not null }))
        {
            yield return new("NoLimits", "spec.limits",
                "limits neither active grants nor their frequency, so each requester can have any number of grants, one after the other; "
                    + "use for example {maxActive: 3, maxActivePerRequester: 1, cooldown: 5m}");
        }

        if (Duration(spec.Duration.Max) is { } max && max >= VeryLong && max <= BreakGlassApi.LongestGrant)
        {
            yield return new("VeryLong", "spec.duration.max",
                $"{spec.Duration.Max} is a whole shift, and a stolen credential works for that long; use the length of one incident, for example 1h: "
                    + "another grant can be requested at any time");
        }

        if (Duration(spec.RetainFor) is { } kept && kept < Reviewed(spec))
        {
            yield return new("RecordTooShort", "spec.retainFor",
                "the record of a grant is "
                    + $"deleted {spec.RetainFor} after its end, "
                    + $"{(kept < ADay ? "before anybody looks at it" : $"before its review is due (spec.review.within is {spec.Review!.Within})")}; keep it "
                    + $"longer, such as the default {Bounds.UsualRetention}");
        }

        if (spec.Approval?.AutoApprove is { ReadOnlyOnly: false } auto && Duration(auto.MaxDuration) >= Duration(spec.Duration.Max))
        {
            yield return new("ApprovalNeverAsked", "spec.approval.autoApprove",
                "approves every request that the policy allows, so no approver ever decides; set readOnlyOnly: true, "
                    + $"or a maxDuration below spec.duration.max, {spec.Duration.Max}");
        }

        if (spec.EmergencyBypass is { } bypass && Duration(bypass.Duration) >= Duration(spec.Duration.Max))
        {
            yield return new("BypassNotShorter", "spec.emergencyBypass.duration",
                $"access without approval lasts as long as with it (spec.duration.max is {spec.Duration.Max}); use a shorter time, for example 15m");
        }

        if (spec.Justification?.TicketPattern is { Length: > 0 } pattern && !IsAnchored(pattern))
        {
            yield return new("TicketNotAnchored", "spec.justification.ticketPattern",
                $"'{pattern}' matches anywhere in a ticket, so a ticket can have any text before and after it; start the pattern with ^ and end it with $");
        }
    }

    /// <summary>How long a record is needed at least.</summary>
    private static TimeSpan Reviewed(PolicySpec spec)
    {
        var within = ReviewRules.IsRequired(spec) ? Duration(spec.Review?.Within) ?? ReviewRules.UsualTime : TimeSpan.Zero;
        return within > ADay ? within : ADay;
    }

    private static bool IsAnchored(string pattern) =>
        (pattern.StartsWith('^') || pattern.StartsWith("\\A", StringComparison.Ordinal) || pattern.StartsWith("(?", StringComparison.Ordinal))
        && (pattern.EndsWith('$') || pattern.EndsWith("\\z", StringComparison.OrdinalIgnoreCase));

    private static TimeSpan? Duration(string? text) => GoDuration.TryParse(text, out var duration) ? duration : null;
}
