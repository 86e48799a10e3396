namespace Soak;

/// <summary>The machine's own clock, which is the true one here: only what the operator is told of the time is ever altered.</summary>
internal static class Clock
{
    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public static Task PauseAsync(double seconds, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromSeconds(Math.Max(0, seconds)), TimeProvider.System, cancellationToken);
}
