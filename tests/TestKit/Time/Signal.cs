namespace TestKit;

/// <summary>
/// Tells waiting tests that something changed, so that they look again instead of polling the wall clock: whoever changes
/// state calls <see cref="Raise"/>, whoever waits says <see cref="Until"/> which condition.
/// </summary>
public sealed class Signal
{
    private TaskCompletionSource _next = New();

    /// <summary>Completes at the next <see cref="Raise"/>. Take it before looking at the state, or a change in between is missed.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Wakes everybody who waits. Waiters go on elsewhere, never on this thread.</summary>
    public void Raise() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    /// <summary>Completes once <paramref name="condition"/> holds; it is asked at once and after every <see cref="Raise"/>.</summary>
    /// <param name="condition">Asked on any thread; must be cheap and not throw.</param>
    /// <param name="what">What is waited for, as it should stand in the message when it never comes.</param>
    /// <param name="actual">What is the case instead, for the same message.</param>
    /// <param name="within">Safety limit in real time; <see cref="Eventually.Limit"/> unless given.</param>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    public Task Until(Func<bool> condition, string what, Func<string>? actual = null, TimeSpan? within = null) =>
        Eventually.Holds(condition, () => Next, what, actual, within);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
