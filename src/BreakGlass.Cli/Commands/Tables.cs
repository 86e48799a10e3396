namespace BreakGlass.Cli.Commands;

/// <summary>Our kinds as tables, with the columns that kubectl shows.</summary>
internal static class Tables
{
    public delegate TextTable Maker<in T>(IReadOnlyList<T> items, DateTimeOffset now, bool wide);

    public static TextTable Grants(IReadOnlyList<BreakGlassGrant> grants, DateTimeOffset now, bool wide)
    {
        var table = wide ? new TextTable("NAME", "POLICY", "REQUESTER", "PHASE", "EXPIRES", "TICKET", "REASON", "REVIEWED", "AGE") : new(
            "NAME", "POLICY", "REQUESTER", "PHASE", "EXPIRES", "AGE");
        foreach (var g in grants)
        {
            var (spec, status) = (g.Spec, g.Status);
            Cell expires = status.ExpiresAt is { } at ? Timestamp.Text(at) : "";
            var age = Age.Of(g.Metadata.CreatedAt, now);
            if (wide) table.Add(g.Metadata.Name, spec.Policy, Callers.Shown(spec.Requester), Cell.Of(status.Phase), expires, spec.Ticket,
                status.EndReason?.ToString(), Reviewed(g), age);
            else table.Add(g.Metadata.Name, spec.Policy, Callers.Shown(spec.Requester), Cell.Of(status.Phase), expires, age);
        }

        return table;
    }

    public static TextTable Policies(IReadOnlyList<BreakGlassPolicy> policies, DateTimeOffset now, bool wide)
    {
        var table = wide ? new TextTable("NAME", "MODE", "READY", "ACTIVE", "LAST", "MAX", "REASON", "AGE") : new(
            "NAME", "MODE", "READY", "ACTIVE", "LAST", "AGE");
        foreach (var p in policies)
        {
            var ready = Conditions.Find(p.Status.Conditions, "Ready");
            Cell state = new(ready?.Status ?? "", ready?.Status switch { "True" => Tone.Good, "False" => Tone.Bad, _ => Tone.Plain });
            Cell last = p.Status.LastActivatedAt is { } at ? Timestamp.Text(at) : "";
            var (mode, active, age) = (p.Spec.Mode?.ToString(), $"{p.Status.ActiveGrants ?? 0}", Age.Of(p.Metadata.CreatedAt, now));
            if (wide) table.Add(p.Metadata.Name, mode, state, active, last, p.Spec.Duration.Max, ready?.Reason, age);
            else table.Add(p.Metadata.Name, mode, state, active, last, age);
        }

        return table;
    }

    public static TextTable Approvals(IReadOnlyList<BreakGlassApproval> approvals, DateTimeOffset now, bool wide)
    {
        var table = wide ? new TextTable("NAME", "GRANT", "DECISION", "APPROVER", "COMMENT", "AGE") : new("NAME", "GRANT", "DECISION", "APPROVER", "AGE");
        foreach (var a in approvals)
        {
            var age = Age.Of(a.Metadata.CreatedAt, now);
            if (wide) table.Add(a.Metadata.Name, a.Spec.Grant, a.Spec.Decision, Callers.Shown(a.Spec.Approver), a.Spec.Comment, age);
            else table.Add(a.Metadata.Name, a.Spec.Grant, a.Spec.Decision, Callers.Shown(a.Spec.Approver), age);
        }

        return table;
    }

    public static TextTable Reviews(IReadOnlyList<BreakGlassReview> reviews, DateTimeOffset now, bool wide)
    {
        var table = wide ? new TextTable("NAME", "GRANT", "OUTCOME", "REVIEWER", "FOLLOW-UP", "COMMENT", "AGE") : new(
            "NAME", "GRANT", "OUTCOME", "REVIEWER", "AGE");
        foreach (var r in reviews)
        {
            var age = Age.Of(r.Metadata.CreatedAt, now);
            if (wide) table.Add(r.Metadata.Name, r.Spec.Grant, r.Spec.Outcome, Callers.Shown(r.Spec.Reviewer), r.Spec.FollowUp, r.Spec.Comment, age);
            else table.Add(r.Metadata.Name, r.Spec.Grant, r.Spec.Outcome, Callers.Shown(r.Spec.Reviewer), age);
        }

        return table;
    }

    public static TextTable Lockdowns(IReadOnlyList<BreakGlassLockdown> lockdowns, DateTimeOffset now, bool wide)
    {
        var table = new TextTable("NAME", "REASON", "BY", "SCOPE", "REVOKED", "COMPLETE", "AGE");
        foreach (var l in lockdowns)
        {
            table.Add(l.Metadata.Name, l.Spec.Reason, Callers.Shown(l.Spec.By), Scope(l.Spec.PolicySelector), $"{l.Status.Revoked ?? 0}",
                Conditions.Find(l.Status.Conditions, "Complete")?.Status, Age.Of(l.Metadata.CreatedAt, now));
        }

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

    private static string Scope(LabelSelector? selector) => selector is null || (selector.MatchLabels.Count == 0 && selector.MatchExpressions.Count == 0)
        ? "everything"
        : string.Join(",", selector.MatchLabels.Select(l => $"{l.Key}={l.Value}")
            .Concat(selector.MatchExpressions.Select(e => $"{e.Key} {e.Operator} ({string.Join(",", e.Values)})")));
}
