using BreakGlass.Core.Sessions;

namespace BreakGlass.Cli.Evidence;

/// <summary>What was done with a grant: the totals, and its requests in the order of their first time.</summary>
internal static class SessionEvidence
{
    private const string WholeCluster = "(whole cluster)";

    public static IEnumerable<EvidenceSection> Sections(GrantEvidence evidence)
    {
        var session = evidence.Session is { } recorded ? MergedSession.Of(recorded.Status) : null;
        var totals = session?.Totals ?? evidence.Grant.Status.Session;
        yield return new("What was done with it", [], totals is null ? [] : [.. Totals(evidence, session, totals).Where(r => r.Value.Length > 0)
            .Select(r => (string[])[r.Name, r.Value])], Nothing(evidence));
        yield return new("Requests", ["first", "last", "verb", "resource", "place", "count", "result", "as", "command"],
            [.. (session?.Actions ?? []).Select(Row)], None(evidence));
    }

    /// <summary>One row of the report, also for other tables.</summary>
    public static string Resource(SessionAction action) => VisibleText.Name(
        (action.ApiGroup.Length == 0 ? action.Resource : $"{action.Resource}.{action.ApiGroup}")
            + (action.Subresource.Length == 0 ? "" : $"/{action.Subresource}"));

    /// <summary>The requests in the order of their first time; none if there is no record of them.</summary>
    public static IReadOnlyList<SessionAction> Actions(GrantEvidence evidence) =>
        evidence.Session is { } recorded ? MergedSession.Of(recorded.Status).Actions : [];

    /// <summary>Why there is no row of a kind of requests.</summary>
    public static string None(GrantEvidence evidence) => evidence.Session is null ? Nothing(evidence) : "None.";

    /// <summary>How the API server answered.</summary>
    public static string Result(ActionResult result) => result switch
    {
        ActionResult.Allowed => "allowed",
        ActionResult.Denied => "refused",
        _ => "failed",
    };

    /// <summary>Where a request was made.</summary>
    public static string Place(SessionAction action) =>
        (VisibleText.Name(action.Namespace), VisibleText.Name(action.Name)) switch
        {
            ("", "") => WholeCluster,
            ("", var name) => name,
            (var ns, "") => ns,
            var (ns, name) => $"{ns}/{name}",
        };

    private static IEnumerable<(string Name, string Value)> Totals(GrantEvidence evidence, MergedSession? session, SessionSummary totals)
    {
        yield return ("Requests", EvidenceDocument.Number(totals.Requests));
        yield return ("Writes", EvidenceDocument.Number(totals.Writes));
        yield return ("Denied", EvidenceDocument.Number(totals.Denied));
        yield return ("Commands in pods", EvidenceDocument.Number(totals.Exec));
        yield return ("Forwarded ports", EvidenceDocument.Number(totals.PortForward));
        yield return ("Reads of Secrets", EvidenceDocument.Number(totals.SecretsRead));
        yield return ("Last request", EvidenceDocument.Time(totals.LastActivityAt));
        yield return ("From", Listed(totals.SourceIps.Select(VisibleText.Name), totals.MoreSourceIps));
        yield return ("With", Listed(totals.UserAgents.Select(VisibleText.Line), totals.MoreUserAgents));
        yield return ("Unusual", string.Join(", ", evidence.Grant.Status.Anomalies));
        if (totals.ByName || evidence.Grant.Status.Credential is CredentialKind.BindRequester)
        {
            yield return ("Attribution", "By the requester's user name while the grant was active: requests that regular access of the same user allowed "
                + "are included.");
        }

        if (session is { IsTruncated: true })
        {
            yield return ("Not complete", $"{(session.Rest > 0 ? EvidenceDocument.Number(session.Rest) : "Some")} requests are counted but not listed, "
                + $"because the list of requests reached its limit. The API server's audit log has them: user {Identity(evidence.Grant)}.");
        }

        if (session is null)
        {
            yield return ("Not complete", Nothing(evidence));
        }
    }

    /// <summary>Why there is no list of requests: that it must not be read is another thing than that there is none.</summary>
    private static string Nothing(GrantEvidence evidence) => EvidenceDocument.Unread(evidence, GrantEvidence.SessionWord)
        ?? $"The operator has no record of this grant's requests; see the API server's audit log for user {Identity(evidence.Grant)}.";

    private static IReadOnlyList<string> Row(SessionAction action) => (string[])
    [
        Timestamp.Text(action.FirstAt), Timestamp.Text(action.LastAt), VisibleText.Name(action.Verb), Resource(action), Place(action),
        EvidenceDocument.Number(action.Count), Result(action.Result),
        VisibleText.Name(UserOf(action)), VisibleText.Line(action.Command),
    ];

    private static string UserOf(SessionAction action) => action switch
    {
        { TokenOf.Length: 0 } => action.AsUser,
        { AsUser.Length: 0 } => $"token of {action.TokenOf}",
        _ => $"{action.AsUser}, token of {action.TokenOf}",
    };

    private static string Listed(IEnumerable<string> names, int more) =>
        string.Join(", ", names) + (more > 0 ? $" and {EvidenceDocument.Number(more)} more" : "");

    private static string Identity(BreakGlassGrant grant) => grant.Status.ServiceAccount?.Split('/', 2) is [var ns, var name]
        ? Subjects.ServiceAccountUser(ns, name)
        : Callers.Shown(grant.Spec.Requester);
}
