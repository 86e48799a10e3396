using System.Collections.Frozen;
using BreakGlass.Gateway.Proxying;

namespace BreakGlass.Gateway.Reporting;

/// <summary>
/// The URI of a request as it is recorded. Of its query, only parameters stay that Kubernetes defines for such a request: anything else could be a secret, for
/// example of a service behind the API server's proxy.
/// </summary>
internal static class RequestUri
{
    private static readonly FrozenSet<string> Usual = Names(
        "watch", "fieldSelector", "labelSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "timeoutSeconds", "allowWatchBookmarks",
        "sendInitialEvents", "pretty", "dryRun", "fieldManager", "fieldValidation", "force", "gracePeriodSeconds", "propagationPolicy", "orphanDependents",
        "ignoreStoreReadErrorWithClusterBreakingPotential");

    private static readonly FrozenSet<string> Log = Names(
        "container", "follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes", "stream", "pretty",
        "insecureSkipTLSVerifyBackend");

    private static readonly FrozenSet<string> Exec = Names("container", "command", "stdin", "stdout", "stderr", "tty");

    private static readonly FrozenSet<string> Attach = Names("container", "stdin", "stdout", "stderr", "tty");

    private static readonly FrozenSet<string> PortForward = Names("ports");

    private static readonly FrozenSet<string> None = Names();

    /// <summary>The URI.</summary>
    /// <param name="target">The target of the request.</param>
    /// <param name="attributes">What it is about.</param>
    /// <param name="longest">The most characters.</param>
    public static string Of(string target, RequestAttributes attributes, int longest)
    {
        var at = target.IndexOf('?', StringComparison.Ordinal);
        if (at < 0) return Cut(target, longest);
        var kept = Kept(attributes);
        var query = string.Join('&', target[(at + 1)..].Split('&').Where(part => kept.Contains(NameOf(part))));
        return Cut(query.Length == 0 ? target[..at] : $"{target[..at]}?{query}", longest);
    }

    private static FrozenSet<string> Kept(RequestAttributes attributes) => attributes switch
    {
        { Path: not null } or { Verb: "proxy" } or { Subresource: "proxy" } => None,
        { Resource: "pods", Subresource: "log" } => Log,
        { Resource: "pods", Subresource: "exec" } => Exec,
        { Resource: "pods", Subresource: "attach" } => Attach,
        { Resource: "pods", Subresource: "portforward" } => PortForward,
        _ => Usual,
    };

    private static string NameOf(string part)
    {
        var at = part.IndexOf('=', StringComparison.Ordinal);
        return Uri.UnescapeDataString(at < 0 ? part : part[..at]);
    }

    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..longest];

    private static FrozenSet<string> Names(params string[] names) => FrozenSet.Create(StringComparer.Ordinal, names);
}
