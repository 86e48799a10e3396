using System.Security.Cryptography;
using BreakGlass.Core.Leftovers;

namespace BreakGlass.Core.Sessions;

/// <summary>What an event is in a session: its row, and what it counts as.</summary>
public static class SessionRows
{
    /// <summary>The verb and name of rows that count what has no row of its own.</summary>
    public const string Other = "*";

    private const int LongestCommand = 1024;
    private const string UriIsCut = " … (the URI is too long)";

    private static readonly string[] Writes = ["create", "update", "patch", "delete", "deletecollection"];
    private static readonly string[] Reads = ["get", "list", "watch"];

    /// <summary>How the API server answered. A panic is a failure; so is an event that does not say.</summary>
    public static ActionResult ResultOf(AuditEvent happened) => happened switch
    {
        { Stage: "Panic" } or { Code: null } => ActionResult.Failed,
        { Code: 401 or 403 } => ActionResult.Denied,
        { Code: < 400 } => ActionResult.Allowed,
        _ => ActionResult.Failed,
    };

    /// <summary>The row of an event, without its count.</summary>
    public static SessionAction Of(AuditEvent happened, string observer, string tokenOf = "") => new()
    {
        Observer = observer,
        Verb = happened.Verb.Length > 0 ? happened.Verb : "unknown", // a row without a verb would not be valid
        ApiGroup = happened.ApiGroup,
        Resource = happened.Resource.Length > 0 ? happened.Resource : Cut(PathOf(happened.RequestUri), 253),
        Subresource = happened.Subresource,
        Namespace = happened.Namespace,
        Name = happened.Name,
        Result = ResultOf(happened),
        AsUser = happened.ImpersonatedUser ?? "",
        TokenOf = tokenOf,
        Command = CommandOf(happened),
    };

    /// <summary>The <see cref="SessionAction.Id"/> of a row.</summary>
    public static string IdOf(SessionAction row) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '\n', (string?[])[row.Verb, row.ApiGroup, row.Resource, row.Subresource, row.Namespace, row.Name, Enum.GetName(row.Result), row.AsUser,
            .. row.TokenOf.Length > 0 ? [row.TokenOf] : (string[])[]]))))[..16];

    /// <summary>The row for what has no row of its own.</summary>
    public static SessionAction Overflow(ActionResult result, string observer) => new() { Observer = observer, Verb = Other, Name = Other, Result = result };

    /// <summary>A successful write: something is other than before. Dry runs, streams and the questions about rights change nothing.</summary>
    public static bool IsWrite(AuditEvent happened) => ResultOf(happened) is ActionResult.Allowed && Writes.Contains(happened.Verb)
        && happened.Subresource is not ("exec" or "attach" or "portforward" or "proxy")
        && !(happened.ApiGroup is "authorization.k8s.io" or "authentication.k8s.io" && happened.Resource.EndsWith("reviews", StringComparison.Ordinal))
        && !happened.RequestUri.Contains("dryRun=", StringComparison.Ordinal);

    /// <summary>A command that runs in a pod, or an attachment to one.</summary>
    public static bool IsExec(AuditEvent happened) =>
        ResultOf(happened) is ActionResult.Allowed && happened is { Resource: "pods", Subresource: "exec" or "attach" };

    /// <summary>A forwarded port.</summary>
    public static bool IsPortForward(AuditEvent happened) =>
        ResultOf(happened) is ActionResult.Allowed && happened is { Resource: "pods", Subresource: "portforward" };

    /// <summary>A request whose answer holds Secrets.</summary>
    public static bool ReadsSecrets(AuditEvent happened) => ResultOf(happened) is ActionResult.Allowed
        && happened is { ApiGroup: "", Resource: "secrets", Subresource: "" } && Reads.Contains(happened.Verb);

    /// <summary>
    /// A row that unusual use is known by, or what is left of a session: all Secrets, a command in a pod, another user, a new workload, a new token, and
    /// writes of what can give access.
    /// </summary>
    public static bool IsTelling(SessionAction row) => row.Result is ActionResult.Allowed && (row.AsUser.Length > 0 || row.TokenOf.Length > 0
        || (Writes.Contains(row.Verb) && (MadeObject.IsOfAccess(row.ApiGroup, row.Resource) || row.Subresource == "token"))
        || row is { ApiGroup: "", Resource: "secrets", Subresource: "", Namespace: "", Verb: "list" or "watch" }
        || row is { Resource: "pods", Subresource: "exec" or "attach" } || Anomalies.IsNewWorkload(row));

    /// <summary>A request in words, e.g. <c>create pods/exec payments/web</c>, without commas, which would make it look like a count.</summary>
    public static string Describe(AuditEvent happened) => Guard.PersistenceGuard.Describe(new()
    {
        Operation = happened.Verb,
        Group = happened.ApiGroup,
        Resource = happened.Resource.Length > 0 ? happened.Resource : PathOf(happened.RequestUri),
        Subresource = happened.Subresource,
        Namespace = happened.Namespace,
        Name = happened.Name,
        User = happened.Username,
    });

    /// <summary>The command of an exec, from its URI; null for everything else.</summary>
    private static string? CommandOf(AuditEvent happened)
    {
        if (happened is not { Resource: "pods", Subresource: "exec" }) return null;
        var query = happened.RequestUri.IndexOf('?', StringComparison.Ordinal);
        if (query < 0) return null;
        var words = QueryText.Read(happened.RequestUri[(query + 1)..]).Where(p => p.Name == "command").Select(p => p.Value);
        var command = Cut(string.Concat(string.Join(' ', words).Select(c => char.IsControl(c) ? ' ' : c)), LongestCommand);

        // Other parameters can be put before it, so that it is where nothing is read any more. That is seen.
        return happened.RequestUri.Length < LongTexts.Longest - 1 ? command : Cut(command, LongestCommand - UriIsCut.Length) + UriIsCut;
    }

    private static string PathOf(string uri) => uri.IndexOf('?', StringComparison.Ordinal) is var at and >= 0 ? uri[..at] : uri;

    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
