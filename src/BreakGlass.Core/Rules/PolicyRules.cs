using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>
/// What makes a policy valid: the rules of the schema and CEL, because servers before 1.25 ignore CEL, and those that need
/// more than the manifest itself.
/// </summary>
public static class PolicyRules
{
    /// <summary>The reason of a problem that the policy's author must correct.</summary>
    public const string Invalid = PolicyConditions.InvalidPolicy;

    /// <summary>The reason where a policy asks for something that this operator cannot enforce.</summary>
    public const string NotSupported = PolicyConditions.NotSupported;

    private const string NoEvents = "this operator does not receive the API server's audit events, so it cannot enforce an";
    private const string HowToGetThem = ", and the policy gives no access; remove the field, or set up audit events (docs/sessions.md)";

    /// <summary>All problems of a policy; empty where it can be used.</summary>
    public static IReadOnlyList<Problem> Check(BreakGlassPolicy policy, CoreSettings settings)
    {
        var problems = new List<Problem>();
        var spec = policy.Spec;
        if (policy.Metadata.Name.Length > Bounds.LongestName)
        {
            problems.Add(new(Invalid, "metadata.name", Sentences.NameTooLong));
        }

        if (spec.Mode is null) problems.Add(new(Invalid, "spec.mode", "required; use BreakGlass, JustInTime or TimeBoxed"));
        PolicyAccessRules.CheckSubjects(
            problems, "spec.requesters", spec.Requesters, "name who can request access, for example {kind: Group, name: payments-oncall}");
        PolicyAccessRules.Check(problems, spec, settings);
        CheckDurations(problems, spec);
        CheckTicketPattern(problems, spec.Justification?.TicketPattern);
        CheckModeAgainstSections(problems, spec);
        PolicySectionRules.Check(problems, spec);
        CheckSupport(problems, spec, settings);
        return problems;
    }

    /// <summary>What a policy asks for that this operator cannot enforce. A restriction that is not enforced must not look as if it were.</summary>
    private static void CheckSupport(List<Problem> problems, PolicySpec spec, CoreSettings settings)
    {
        if (settings.RecordsSessions || (settings.HasGateway && GatewayRules.ShowsUse(spec))) return;
        if (spec.IdleTimeout is not null) problems.Add(new(NotSupported, "spec.idleTimeout", $"{NoEvents} idle timeout{HowToGetThem}"));
        if (spec.Session is { OnAnomaly: AnomalyHandling.Revoke })
            problems.Add(new(NotSupported, "spec.session.onAnomaly", $"{NoEvents} end of unusual use{HowToGetThem}"));
    }

    private static void CheckModeAgainstSections(List<Problem> problems, PolicySpec spec)
    {
        if (spec.Mode is PolicyMode.BreakGlass && spec.Approval is not null)
        {
            problems.Add(new(Invalid, "spec.approval", Sentences.NoApproval));
        }

        if (spec.Mode is PolicyMode.JustInTime && spec.Approval is null)
        {
            problems.Add(new(Invalid, "spec.approval", Sentences.ApprovalMissing));
        }

        if (spec.Mode is PolicyMode.TimeBoxed != spec.Schedule is not null && spec.Mode is not null)
        {
            problems.Add(new(Invalid, "spec.schedule", spec.Schedule is null ? Sentences.ScheduleMissing : Sentences.OnlyTimeBoxed));
        }

        if (spec.Mode is not (PolicyMode.JustInTime or null) && spec.EmergencyBypass is not null)
        {
            problems.Add(new(Invalid, "spec.emergencyBypass", Sentences.OnlyJustInTime));
        }

        if (spec.Mode is PolicyMode.BreakGlass && spec.Review?.Required is false)
        {
            problems.Add(new(Invalid, "spec.review.required", Sentences.AlwaysReviewed));
        }

        if (spec.Credential is CredentialKind.BindRequester && GatewayRules.IsRequired(spec))
        {
            problems.Add(new(Invalid, "spec.session.path", Sentences.GatewayNeedsToken));
        }

        if (spec.Credential is CredentialKind.BindRequester && spec.Vouchers is not null)
        {
            problems.Add(new(Invalid, "spec.vouchers", Sentences.VouchersNeedToken));
        }
    }

    private static void CheckDurations(List<Problem> problems, PolicySpec spec)
    {
        var usual = Duration(problems, "spec.duration.default", spec.Duration.Default);
        var max = Duration(problems, "spec.duration.max", spec.Duration.Max);
        Duration(problems, "spec.retainFor", spec.RetainFor);
        if (spec.IdleTimeout is not null && Duration(problems, "spec.idleTimeout", spec.IdleTimeout) == TimeSpan.Zero)
            problems.Add(new(Invalid, "spec.idleTimeout", Sentences.NotPositive));
        if (max > BreakGlassApi.LongestGrant) problems.Add(new(Invalid, "spec.duration.max", $"{spec.Duration.Max} {Sentences.LongerThanAGrant}"));
        if (usual == TimeSpan.Zero) problems.Add(new(Invalid, "spec.duration.default", Sentences.NotPositive));
        if (usual > max) problems.Add(new(Invalid, "spec.duration.default", $"{spec.Duration.Default} {Sentences.LongerThanMax}, {spec.Duration.Max}"));
    }

    /// <summary>Checks that a field has one of the words that it takes.</summary>
    internal static void OneOf(List<Problem> problems, string field, string value, string words, string reason = Invalid)
    {
        if (!ApiWords.Each(words).Contains(value)) problems.Add(new(reason, field, $"'{value}' is not supported; use one of {words}"));
    }

    internal static TimeSpan? Duration(List<Problem> problems, string field, string? text)
    {
        if (GoDuration.TryParse(text, out var duration)) return duration;
        problems.Add(new(Invalid, field, $"'{text}' is not a valid duration; use for example 30m, 1h30m or 45s"));
        return null;
    }

    private static void CheckTicketPattern(List<Problem> problems, string? pattern)
    {
        if (pattern is null || TicketPattern.Of(pattern).Error is not { } error) return;
        problems.Add(new(Invalid, "spec.justification.ticketPattern",
            $"is not a supported regular expression (backreferences and lookarounds are not supported): {error}"));
    }
}
