using BreakGlass.Operator.Caching;
using Kube.Runtime;

namespace BreakGlass.Operator.Health;

/// <summary>
/// What the probes answer. Healthy: every watch makes progress and the lease, if held, is renewed; a process that is not should be restarted.
/// Ready: every cache holds the cluster's state.
/// </summary>
internal sealed class HealthReport(ClusterCaches caches, LeaderElector? elector)
{
    /// <summary>What is wrong with the process; empty where it is healthy.</summary>
    public IReadOnlyList<string> Ailments()
    {
        var ailments = caches.Stuck.Select(kind => $"the watch on {kind} makes no progress").ToList();
        if (elector?.Check() is { } problem) ailments.Add(problem);
        return ailments;
    }

    /// <summary>What is not there yet; empty where the process is ready.</summary>
    public IReadOnlyList<string> Missing() => [.. caches.Unsynced.Select(kind => $"{kind} were not listed yet")];

    /// <summary>Answers a probe: 200 and <c>ok</c>, or 503 and a line for each thing that is wrong.</summary>
    public static async Task AnswerAsync(HttpContext context, IReadOnlyList<string> wrong)
    {
        context.Response.StatusCode = wrong.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(wrong.Count == 0 ? "ok\n" : string.Join('\n', wrong) + "\n", context.RequestAborted);
    }
}
