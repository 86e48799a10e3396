namespace TestKit;

/// <summary>Waiting for what another task brings about, with a safety limit in real time that says what was expected.</summary>
public static class Eventually
{
    /// <summary>How long a wait may last in real time before the test fails. Not a pace: only a hang reaches it, on the busiest machine too.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(120);

    /// <summary>Completes once <paramref name="condition"/> holds, looking again each time the task of <paramref name="nextChange"/> completes.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="nextChange">Gives a task that completes at the next change; taken before the condition is asked.</param>
    /// <param name="what">What is waited for.</param>
    /// <param name="actual">What is the case instead; asked when the limit passes.</param>
    /// <param name="within">The limit.</param>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    public static async Task Holds(
        Func<bool> condition, Func<Task> nextChange, string what, Func<string>? actual = null, TimeSpan? within = null)
    {
        var limit = within ?? Limit;
        using var safety = new CancellationTokenSource(limit, TimeProvider.System);
        while (true)
        {
            var change = nextChange();
            if (condition()) return;
            try
            {
                await change.WaitAsync(safety.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (safety.IsCancellationRequested)
            {
                throw Expired(what, limit, actual);
            }
        }
    }

    /// <summary>The result of <paramref name="task"/>, which must come within the safety limit.</summary>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    public static async Task<T> Soon<T>(this Task<T> task, string what, TimeSpan? within = null)
    {
        await Soon((Task)task, what, within).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    /// <summary>Waits for <paramref name="task"/>, which must end within the safety limit.</summary>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    public static async Task Soon(this Task task, string what, TimeSpan? within = null)
    {
        var limit = within ?? Limit;
        try
        {
            await task.WaitAsync(limit, TimeProvider.System).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw Expired(what, limit, null);
        }
    }

    private static TimeoutException Expired(string what, TimeSpan limit, Func<string>? actual) =>
        new($"Waited {limit.TotalSeconds:0.#} s of real time for {what}, which never came{(actual is null ? "." : $"; {actual()}.")}");
}
