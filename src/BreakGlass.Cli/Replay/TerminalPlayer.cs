namespace BreakGlass.Cli.Replay;

/// <summary>Plays what was written, at its times.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="time">Clock.</param>
/// <param name="speed">How many times faster.</param>
/// <param name="idleLimit">The longest pause, before <paramref name="speed"/>.</param>
internal sealed class TerminalPlayer(TextWriter terminal, TimeProvider time, double speed, TimeSpan idleLimit)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(2);

    /// <summary>Plays output and gaps, and no other events.</summary>
    public async Task PlayAsync(IEnumerable<CastEvent> events, CancellationToken cancellationToken)
    {
        var filter = new TerminalFilter();
        var (start, due, last) = (time.GetTimestamp(), TimeSpan.Zero, TimeSpan.Zero);
        try
        {
            foreach (var happened in events)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (happened.Code is CastEvent.Gap) filter.Interrupt();
                var pause = happened.At - last;
                last = happened.At;
                due += (pause < idleLimit ? pause : idleLimit) / speed;
                var wait = due - time.GetElapsedTime(start);
                if (wait >= Shortest) await Task.Delay(wait, time, cancellationToken);
                await terminal.WriteAsync(filter.Pass(happened.Text));
                await terminal.FlushAsync(CancellationToken.None);
            }
        }
        finally
        {
            // Also after Ctrl-C.
            await terminal.WriteAsync(filter.End());
            await terminal.FlushAsync(CancellationToken.None);
        }
    }
}
