namespace BreakGlass.Cli.Commands;

/// <summary>Our kinds as tables, with the columns that kubectl shows.</summary>
internal static class Tables
{
    public static IReadOnlyList<Column<BreakGlassGrant>> Grants { get; } =
    [
        new("POLICY", g => g.Spec.Policy),
        new("REQUESTER", g => Callers.Shown(g.Spec.Requester)),
        new("PHASE", g => Cell.Of(g.Status.Phase)),
        new("EXPIRES", g => Time(g.Status.ExpiresAt)),
        new("TICKET", g => g.Spec.Ticket, OnlyWide: true),
        new("REASON", g => g.Status.EndReason?.ToString(), OnlyWide: true),
        new("REVIEWED", g => Reviewed(g), OnlyWide: true),
        new("DRILL", g => DrillRules.NamedBy(g), OnlyWide: true),
    ];

    public static IReadOnlyList<Column<BreakGlassPolicy>> Policies { get; } =
    [
        new("MODE", p => p.Spec.Mode?.ToString()),
        new("READY", p => Ready(p)?.Status is { } status ? new Cell(status, status switch { "True" => Tone.Good, "False" => Tone.Bad, _ => Tone.Plain }) : ""),
        new("ACTIVE", p => $"{p.Status.ActiveGrants ?? 0}"),
        new("LAST", p => Time(p.Status.LastActivatedAt)),
        new("MAX", p => p.Spec.Duration.Max, OnlyWide: true),
        new("REASON", p => Ready(p)?.Reason, OnlyWide: true),
    ];

    public static IReadOnlyList<Column<BreakGlassApproval>> Approvals { get; } =
    [
        new("GRANT", a => a.Spec.Grant),
        new("DECISION", a => a.Spec.Decision),
        new("APPROVER", a => Callers.Shown(a.Spec.Approver)),
        new("COMMENT", a => a.Spec.Comment, OnlyWide: true),
    ];

    public static IReadOnlyList<Column<BreakGlassReview>> Reviews { get; } =
    [
        new("GRANT", r => r.Spec.Grant),
        new("OUTCOME", r => r.Spec.Outcome),
        new("REVIEWER", r => Callers.Shown(r.Spec.Reviewer)),
        new("FOLLOW-UP", r => r.Spec.FollowUp, OnlyWide: true),
        new("COMMENT", r => r.Spec.Comment, OnlyWide: true),
    ];

    public static IReadOnlyList<Column<BreakGlassLockdown>> Lockdowns { get; } =
    [
        new("REASON", l => l.Spec.Reason),
        new("BY", l => Callers.Shown(l.Spec.By)),
        new("SCOPE", l => Scope(l.Spec.PolicySelector)),
        new("REVOKED", l => $"{l.Status.Revoked ?? 0}"),
        new("COMPLETE", l => Conditions.Find(l.Status.Conditions, LockdownConditions.Complete)?.Status),
    ];

    public static IReadOnlyList<Column<BreakGlassDrill>> Drills { get; } =
    [
        new("POLICY", d => d.Spec.Policy),
        new("SCHEDULE", d => d.Spec.Schedule),
        new("PASSING", d => Conditions.Find(d.Status.Conditions, DrillConditions.Passing)?.Status is { } status
            ? new Cell(status, status switch { "True" => Tone.Good, "False" => Tone.Bad, _ => Tone.Plain }) : ""),
        new("LAST PASSED", d => Time(d.Status.LastPassedAt)),
        new("NEXT RUN", d => Time(d.Status.NextRunAt), OnlyWide: true),
        new("REASON", d => Conditions.Find(d.Status.Conditions, DrillConditions.Passing)?.Reason, OnlyWide: true),
        new("VOUCHERS", d => d.Status.Runs is [{ VouchersLeft: { } left }, ..] ? $"{left}" : "", OnlyWide: true),
    ];

    /// <summary>Objects in the columns of their kind, between the name and the age that all have.</summary>
    public static TextTable Of<T>(IReadOnlyList<Column<T>> columns, IEnumerable<T> items, DateTimeOffset now, bool wide)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var shown = columns.Where(c => wide || !c.OnlyWide).ToList();
        var table = new TextTable(["NAME", .. shown.Select(c => c.Heading), "AGE"]);
        foreach (var item in items) table.Add([item.Metadata.Name, .. shown.Select(c => c.Value(item)), Age.Of(item.Metadata.CreatedAt, now)]);
        return table;
    }

    /// <summary>Whether a grant was reviewed, in one word.</summary>
    public static string Reviewed(BreakGlassGrant grant) => Conditions.Find(grant.Status.Conditions, GrantConditions.Reviewed) switch
    {
        null => "",
        { Status: "True", Reason: var outcome } => outcome,
        { Status: "False", Reason: var reason } => reason,
        _ => "later",
    };

    private static Condition? Ready(BreakGlassPolicy policy) => Conditions.Find(policy.Status.Conditions, PolicyConditions.Ready);

    private static string Time(DateTimeOffset? time) => time is { } at ? Timestamp.Text(at) : "";

    private static string Scope(LabelSelector? selector) => selector is null || (selector.MatchLabels.Count == 0 && selector.MatchExpressions.Count == 0)
        ? "everything"
        : string.Join(",", selector.MatchLabels.Select(l => $"{l.Key}={l.Value}")
            .Concat(selector.MatchExpressions.Select(e => $"{e.Key} {e.Operator} ({string.Join(",", e.Values)})")));
}
