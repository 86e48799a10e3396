namespace BreakGlass.Core.Sessions;

/// <summary>Whether a request shows that access still exists although it was cut.</summary>
public static class AfterEnd
{
    /// <summary>
    /// How long after its end a success is not reported: API servers learn of a deleted binding from their own watches, and their clocks and the operator's
    /// differ a little. Removed access ends within a second wherever it was measured (docs/performance.md).
    /// </summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The same for an event of an API server whose clock is ahead. Its time is that of its arrival, and until then the batch it was in may have waited.
    /// </summary>
    public static readonly TimeSpan EstimatedMargin = TimeSpan.FromMinutes(1);

    private static readonly string[] PublicPaths = ["/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz", "/swagger"];
    private static readonly string[] ReviewGroups = ["authorization.k8s.io", "authentication.k8s.io"];

    /// <summary>
    /// Whether the request succeeded after the grant's end by rights that the grant had given. The API server caches for 10 s that a token is valid, and the
    /// holder of a valid token may do what everybody may (discovery, questions about themselves): that alone is not access. A stream that was opened
    /// before the end is not a request after it: it is reported as residue.
    /// </summary>
    public static bool IsAccess(AuditEvent happened, Attributed whose) =>
        !whose.ByName && whose.Grant.Status.EndedAt is { } ended && happened.ReceivedAt > ended + (happened.IsEstimated ? EstimatedMargin : Margin)
        && SessionRows.ResultOf(happened) is ActionResult.Allowed && (happened.ImpersonatedUser is not null || !IsForEverybody(happened));

    private static bool IsForEverybody(AuditEvent happened) => happened.Reason.Length > 0
        ? happened.Reason.EndsWith("to Group \"system:authenticated\"", StringComparison.Ordinal)
            || happened.Reason.EndsWith("to Group \"system:unauthenticated\"", StringComparison.Ordinal)
        : happened.Resource.Length == 0
            ? PublicPaths.Any(p => IsBelow(happened.RequestUri, p))
            : ReviewGroups.Contains(happened.ApiGroup) && happened.Resource.StartsWith("self", StringComparison.Ordinal);

    private static bool IsBelow(string uri, string path) =>
        uri.StartsWith(path, StringComparison.Ordinal) && (uri.Length == path.Length || uri[path.Length] is '/' or '?');
}
