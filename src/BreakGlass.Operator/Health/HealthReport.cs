namespace BreakGlass.Operator.Health;

/// <summary>
/// What the probes answer. Healthy: every watch makes progress and the lease, if held, is renewed; a process that is not should be restarted.
/// Ready: every cache holds the cluster's state.
/// </summary>
internal sealed class HealthReport(ClusterCaches caches, LeaderElector? elector, SteadyClock clock)
{
    /// <summary>What is wrong with the process; empty where it is healthy.</summary>
    public IReadOnlyList<string> Ailments()
    {
        var ailments = caches.Stuck.Select(kind => $"the watch on {kind} makes no progress").ToList();
        if (elector?.Check() is { } problem) ailments.Add(problem);
        return ailments;
    }

    /// <summary>What is not there yet; empty where the process is ready.</summary>
    public IReadOnlyList<string> Missing() => [.. caches.Unsynced.Select(kind => $"{kind} are not listed yet")];

    /// <summary>
    /// What a person should know who looks at the probe, and no reason to take the replica out of service: what ends access must still be let in,
    /// with clocks that differ and without the namespace of the identities, too.
    /// </summary>
    public IReadOnlyList<string> Notes()
    {
        var notes = new List<string>();
        if (clock.WorstSkew is { } skew && skew.Duration() > SteadyClock.Close)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"the clocks differ: this machine's is {skew.Duration().TotalSeconds:0} s {(skew < TimeSpan.Zero ? "behind" : "ahead of")} the API server's"));
        }

        if (caches.MissingNamespace is { } missing) notes.Add(missing);
        return notes;
    }

    /// <summary>Answers a probe: 200 and <c>ok</c>, or 503 and a line for each thing that is wrong; then the notes.</summary>
    public static async Task AnswerAsync(HttpContext context, IReadOnlyList<string> wrong, params IReadOnlyList<string> notes)
    {
        context.Response.StatusCode = wrong.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(string.Join('\n', [.. wrong.Count == 0 ? ["ok"] : wrong, .. notes]) + "\n", context.RequestAborted);
    }
}
