using BreakGlass.Cli.Commands;

namespace BreakGlass.Cli.Evidence;

/// <summary>The evidence of a grant in the order in which an auditor asks: who, why, what, when, who agreed, what became of it.</summary>
internal static class EvidenceDocument
{
    public static string Title(GrantEvidence evidence) => $"Break-glass grant {evidence.Grant.Metadata.Name}";

    public static IReadOnlyList<EvidenceSection> Sections(GrantEvidence evidence)
    {
        var (grant, status) = (evidence.Grant, evidence.Grant.Status);
        return
        [
            new("Summary", [], [.. Summary(evidence).Where(r => r.Value.Length > 0).Select(r => (string[])[r.Name, r.Value])], ""),
            new("Approvals", ["at", "approver", "decision", "comment"], [.. Approvals(evidence)],
                Unread(evidence, "approvals") ?? (evidence.Policy is { Spec.Approval: null } ? "The policy requires none." : "None.")),
            new("Access given", ["kind", "namespace", "role", "name"],
                [.. status.Bindings.Select(b => (string[])[b.Kind, b.Namespace ?? "(whole cluster)", b.Role, b.Name])], "None."),
            new("Transitions", ["at", "from", "to", "by", "reason"],
                [.. status.Transitions.Select(t => (string[])[Timestamp.Text(t.At), t.From?.ToString() ?? "", t.To.ToString(), t.Actor, t.Reason])], "None."),
            .. SessionEvidence.Sections(evidence),
            .. CommandEvidence.Sections(evidence),
            new("What it left behind", ["found"], [.. status.Residue.Select(r => (string[])[r])], "Nothing found."),
            new("Reviews", ["at", "reviewer", "outcome", "comment", "follow-up"],
                [.. evidence.Reviews.Select(r => (string[])[Time(r.Metadata.CreatedAt), Callers.Shown(r.Spec.Reviewer), r.Spec.Outcome, r.Spec.Comment ?? "",
                    r.Spec.FollowUp ?? ""])], Unread(evidence, "reviews") ?? Awaited(evidence)),
            new("Conditions", ["type", "status", "reason", "since", "message"],
                [.. status.Conditions.Select(c => (string[])[c.Type, c.Status, c.Reason, Time(c.LastTransitionTime), c.Message])], "None."),
            new("Events", ["at", "type", "reason", "note"], [.. evidence.Events.Select(e => (string[])[Time(e.EventTime.AsUtc() ?? e.Metadata.CreatedAt),
                e.Type ?? "", e.Reason ?? "", e.Note ?? ""])], Unread(evidence, "events") ?? "None; the API server deletes events, by default after an hour."),
        ];
    }

    /// <summary>What a reader must know about the report itself.</summary>
    public static string Footer(GrantEvidence evidence)
    {
        var unread = evidence.Unread.Count == 0
            ? "" : $" Not included, because the author of this report is not allowed to read them: {string.Join(", ", evidence.Unread)}.";
        var open = evidence.IsPreliminary ? " Preliminary: the grant is not over, or not reviewed." : "";
        var journal = evidence.Journal is { } proven ? $" Commands and recordings are from the journal. {proven.Recordings.Verification}" : "";
        return $"Created at {Timestamp.Text(evidence.At)} by kubectl breakglass {ThisVersion.Text.Split('+')[0]} from the cluster's records."
            + $"{journal}{open}{unread}";
    }

    private static IEnumerable<(string Name, string Value)> Summary(GrantEvidence evidence)
    {
        var (grant, spec, status) = (evidence.Grant, evidence.Grant.Spec, evidence.Grant.Status);
        var requester = spec.Requester;
        yield return ("Grant", $"{grant.Metadata.Name} ({grant.Metadata.Uid})");
        yield return ("Who", $"{Callers.Shown(requester)}{(string.IsNullOrEmpty(requester?.Uid) ? "" : $" ({requester.Uid})")}");
        yield return ("Groups",
            $"{string.Join(", ", requester?.Groups ?? [])}"
                + $"{(requester?.GroupCount is { } all ? $" (of {Number(all)}; all of them: {requester.GroupsHash})" : "")}");
        yield return ("Claims",
            string.Join("; ", (requester?.Extra ?? new Dictionary<string, IReadOnlyList<string>>()).Select(e => $"{e.Key}={string.Join(",", e.Value)}")));
        yield return ("Why", spec.Justification);
        yield return ("Ticket", spec.Ticket ?? "");
        yield return ("Policy", $"{spec.Policy}{(evidence.Policy is { } p ? $" ({p.Spec.Mode})" : "")}");
        yield return ("Requested", $"{Time(grant.Metadata.CreatedAt)}, for {spec.Duration ?? "the policy's default"}");
        yield return ("Phase", $"{status.Phase?.ToString() ?? "not processed yet"}{(status.EndReason is { } reason ? $" ({reason})" : "")}");
        yield return ("Access from", Time(status.ActivatedAt));
        yield return ("Access until", status.ActivatedAt is null ? "" : Time(status.EndedAt ?? status.ExpiresAt));
        yield return ("Path", status.Path is SessionPath.Gateway ? $"Gateway{(status.Gateway is { } gateway ? $" ({gateway.Server})" : "")}" : "");
        yield return ("Access lasted", status is { ActivatedAt: { } from, EndedAt: { } to } ? GoDuration.Format(to - from) : "");
        yield return ("Due to end", Time(status.ExpiresAt));
        yield return ("Revoked by", spec.Revoke is { } revoke ? $"{Callers.Shown(revoke.By)}: {revoke.Reason}" : "");
        yield return ("Proof of the end", Conditions.Find(status.Conditions, GrantConditions.Revoked) is { Status: "True" } proven
            ? $"{Time(proven.LastTransitionTime)}: {proven.Message}" : "");
        yield return ("Given without approval", grant.Status.IsBypassed ? "yes, by the policy's emergency bypass" : "");
        yield return ("Review", Tables.Reviewed(grant));
    }

    /// <summary>The decisions that counted are in the record; their comments are in the objects, where those are there.</summary>
    private static IEnumerable<IReadOnlyList<string>> Approvals(GrantEvidence evidence)
    {
        var rest = evidence.Approvals.ToList();
        foreach (var record in evidence.Grant.Status.Approvals)
        {
            var said = rest.Find(a => a.Spec.Approver?.Username == record.Approver && a.Spec.Decision == record.Decision);
            if (said is not null) rest.Remove(said);
            yield return (string[])[Timestamp.Text(record.At), VisibleText.Name(record.Approver), record.Decision, said?.Spec.Comment ?? ""];
        }

        foreach (var other in rest)
        {
            yield return (string[])[Time(other.Metadata.CreatedAt), Callers.Shown(other.Spec.Approver), $"{other.Spec.Decision} (did not count)",
                other.Spec.Comment ?? ""];
        }
    }

    /// <summary>An empty section and one that the author could not read must look different.</summary>
    internal static string? Unread(GrantEvidence evidence, string what) =>
        evidence.Unread.Contains(what) ? $"Not included: the author of this report is not allowed to read {what}." : null;

    private static string Awaited(GrantEvidence evidence) => Conditions.Find(evidence.Grant.Status.Conditions, GrantConditions.Reviewed) is { } condition
        ? condition.Message
        : "None is required.";

    internal static string Time(DateTimeOffset? time) => time is { } at ? Timestamp.Text(at) : "";

    internal static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
