namespace BreakGlass.Core.Rules;

/// <summary>What the optional sections of a policy must say: claims, approval, schedule, limits, overuse, review, bypass, and what persists.</summary>
internal static class PolicySectionRules
{
    private const string Invalid = PolicyRules.Invalid;

    public static void Check(List<Problem> problems, PolicySpec spec)
    {
        CheckClaims(problems, spec.RequireClaims);
        if (spec.Approval is { } approval) CheckApproval(problems, approval);
        if (spec.Schedule is { } schedule) CheckSchedule(problems, schedule);
        if (spec.Limits is { } limits) CheckLimits(problems, limits);
        if (spec.Overuse is { } overuse) CheckOveruse(problems, overuse, spec.RetainFor);
        if (spec.Review is { } review) CheckReview(problems, review);
        if (spec.EmergencyBypass is { } bypass)
            Positive(problems, "spec.emergencyBypass.duration", bypass.Duration, Bounds.LongestGrant, Sentences.LongerThanAGrant);
        if (spec.Vouchers is { } vouchers) CheckVouchers(problems, vouchers);
        foreach (var what in spec.AllowPersistence) PolicyRules.OneOf(problems, "spec.allowPersistence", what, ApiWords.Persistence);
    }

    private static void CheckClaims(List<Problem> problems, IReadOnlyList<RequiredClaim> claims)
    {
        for (var i = 0; i < claims.Count; i++)
        {
            var field = $"spec.requireClaims[{i}]";
            if (claims[i].Key.Length == 0) problems.Add(new(Invalid, $"{field}.key", "required; name a key of userInfo.extra, for example example.com/amr"));
            if (claims[i].Values.Count == 0) problems.Add(new(Invalid, $"{field}.values", "must have at least one value; the requester needs one of them"));
        }
    }

    private static void CheckApproval(List<Problem> problems, ApprovalTerms approval)
    {
        if (approval.Required < 1)
            problems.Add(new(Invalid, "spec.approval.required", $"{approval.Required} is less than 1; set how many different people must approve"));
        PolicyAccessRules.CheckSubjects(
            problems, "spec.approval.approvers", approval.Approvers, "name who can approve, for example {kind: Group, name: incident-commanders}");
        Positive(problems, "spec.approval.timeout", approval.Timeout, Bounds.LongestWait, Sentences.LongerThanAWait);
        if (approval.AutoApprove is { } auto) Positive(problems, "spec.approval.autoApprove.maxDuration", auto.MaxDuration);
    }

    private static void CheckSchedule(List<Problem> problems, Schedule schedule)
    {
        if (!Schedules.IsZone(schedule.TimeZone))
        {
            problems.Add(new(Invalid, "spec.schedule.timeZone", $"'{schedule.TimeZone}' is not an IANA time zone; use for example Europe/Berlin or Etc/UTC"));
        }

        if (schedule.Windows.Count == 0)
            problems.Add(new(Invalid, "spec.schedule.windows", "must have at least one window; set the days and times when access is given"));
        for (var i = 0; i < schedule.Windows.Count; i++)
        {
            var (window, field) = (schedule.Windows[i], $"spec.schedule.windows[{i}]");
            if (window.Days.Count == 0) problems.Add(new(Invalid, $"{field}.days", $"at least one day, of {ApiWords.Days}"));
            foreach (var day in window.Days) PolicyRules.OneOf(problems, $"{field}.days", day, ApiWords.Days);
            if (!Schedules.IsTime(window.Start))
                problems.Add(new(Invalid, $"{field}.start", $"'{window.Start}' is not a valid time of day; use for example \"22:00\", in quotes"));
            if (!Schedules.IsTime(window.End))
                problems.Add(new(Invalid, $"{field}.end", $"'{window.End}' is not a valid time of day; use for example \"04:00\", in quotes"));
        }
    }

    private static void CheckLimits(List<Problem> problems, Limits limits)
    {
        if (limits.MaxActive < 1) problems.Add(new(Invalid, "spec.limits.maxActive", "must be at least 1; to block all grants, set spec.suspended"));
        if (limits.MaxPending < 1) problems.Add(new(Invalid, "spec.limits.maxPending", "must be at least 1; to block all requests, set spec.suspended"));
        if (limits.MaxActivePerRequester < 1)
            problems.Add(new(Invalid, "spec.limits.maxActivePerRequester", "must be at least 1; to block all grants, set spec.suspended"));
        if (limits.Cooldown is not null) PolicyRules.Duration(problems, "spec.limits.cooldown", limits.Cooldown);
    }

    private static void CheckOveruse(List<Problem> problems, OveruseRules overuse, string retainFor)
    {
        if (overuse.Activations < 1) problems.Add(new(Invalid, "spec.overuse.activations", "must be at least 1"));
        var window = Positive(problems, "spec.overuse.window", overuse.Window);
        if (window is { } counted && GoDuration.TryParse(retainFor, out var kept) && counted > kept)
        {
            problems.Add(new(Invalid, "spec.overuse.window", $"{overuse.Window} is longer than spec.retainFor, {retainFor}, so some of the counted grants "
                + "would already be deleted; shorten the window, or keep grants longer"));
        }
    }

    private static void CheckReview(List<Problem> problems, ReviewTerms review)
    {
        PolicyRules.Duration(problems, "spec.review.within", review.Within);
        if (review.Reviewers.Count > 0) PolicyAccessRules.CheckSubjects(problems, "spec.review.reviewers", review.Reviewers, "");
    }

    private static void CheckVouchers(List<Problem> problems, VoucherTerms vouchers)
    {
        if (vouchers.Authority.Length == 0)
            problems.Add(new(Invalid, "spec.vouchers.authority", "required; name the BreakGlassAuthority that signs the vouchers"));
        Positive(problems, "spec.vouchers.maxDuration", vouchers.MaxDuration, Bounds.LongestGrant, Sentences.LongerThanAGrant);
        Positive(problems, "spec.vouchers.maxAge", vouchers.MaxAge, Bounds.LongestVoucher, Sentences.LongerThanAVoucher);
        PolicyAccessRules.CheckSubjects(
            problems, "spec.vouchers.holders", vouchers.Holders, "name who can get access by voucher, for example {kind: User, name: alice}");
        if (vouchers.Holders.Any(h => h.Kind != "User")) problems.Add(new(Invalid, "spec.vouchers.holders", Sentences.HoldersAreUsers));
    }

    private static TimeSpan? Positive(List<Problem> problems, string field, string text, string? most = null, string tooLong = "")
    {
        var duration = PolicyRules.Duration(problems, field, text);
        if (duration == TimeSpan.Zero) problems.Add(new(Invalid, field, Sentences.NotPositive));
        if (most is not null && duration > GoDuration.Parse(most)) problems.Add(new(Invalid, field, $"{text} {tooLong}"));
        return duration > TimeSpan.Zero ? duration : null;
    }
}
