using System.Runtime.CompilerServices;

namespace Integration;

/// <summary>
/// Waits for what another process does and gives no sign of: looks again and again until it is so, or the limit is over. The only place where
/// these tests poll; where a watch or <c>kubectl wait</c> can tell, they use that.
/// </summary>
internal static class Eventually
{
    /// <summary>How long anything may take. Not a pace: only a hang reaches it, on the busiest machine too.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(150);

    /// <summary>The limit for kubectl's own <c>--timeout</c>, below the one after which kubectl is killed.</summary>
    public const string KubectlTimeout = "--timeout=120s";

    /// <summary>Looks until there is something.</summary>
    /// <param name="look">Gives null where it is not there yet.</param>
    /// <param name="shows">What to tell of the last look where it never comes.</param>
    /// <exception cref="TimeoutException">It did not come.</exception>
    public static async Task<T> GetAsync<T>(
        Func<Task<T?>> look, Func<string>? shows = null, TimeSpan? limit = null, [CallerArgumentExpression(nameof(look))] string expected = "")
        where T : class
    {
        var most = limit ?? Limit;
        for (var started = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(started) < most;)
        {
            if (await look() is { } found) return found;
            await Task.Delay(s_pause, TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException($"within {most.TotalSeconds:0} s this was expected and did not come: {expected}\n{shows?.Invoke()}");
    }

    /// <summary>Looks until it is so.</summary>
    public static Task TrueAsync(
        Func<Task<bool>> look, Func<string>? shows = null, TimeSpan? limit = null, [CallerArgumentExpression(nameof(look))] string expected = "") =>
        GetAsync(async () => await look() ? "so" : null, shows, limit, expected);

    /// <summary>Waits for a known instant of the wall clock.</summary>
    public static async Task AtAsync(DateTimeOffset instant)
    {
        for (TimeSpan left; (left = instant - TimeProvider.System.GetUtcNow()) > TimeSpan.Zero;)
        {
            await Task.Delay(left, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Waits for a task that may never end.</summary>
    public static async Task<T> WithinLimitAsync<T>(Task<T> task, string expected, TimeSpan? limit = null)
    {
        var most = limit ?? Limit;
        try
        {
            return await task.WaitAsync(most, TimeProvider.System);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"within {most.TotalSeconds:0} s this was expected and did not come: {expected}", e);
        }
    }
}
