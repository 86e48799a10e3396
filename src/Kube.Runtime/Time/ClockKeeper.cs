namespace Kube.Runtime;

/// <summary>
/// Asks the API server for the time whenever no other request has for a while, and more often while the clocks are in doubt: then over a new
/// connection each time, which may lead to another API server behind the same address. Needs no right: an answer that refuses says the time as well.
/// </summary>
/// <param name="client">The API server.</param>
/// <param name="clock">The clock that listens to it.</param>
/// <param name="tell">Called when the clocks begin to differ, with by how much this machine's is ahead, and with null when they agree again.</param>
public sealed class ClockKeeper(KubeClient client, SteadyClock clock, Action<TimeSpan?> tell)
{
    /// <summary>The longest without a word from the server. Also how soon it is noticed that the machine slept.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    /// <summary>Between two questions while in doubt.</summary>
    public static readonly TimeSpan Doubting = TimeSpan.FromSeconds(1);

    /// <summary>A doubt that lasts is not settled by asking often: servers that differ go on to.</summary>
    private static readonly TimeSpan LongestDoubt = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3);

    private bool _differ;

    /// <summary>Asks until it is cancelled, which is not an error.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var heard = 0;
        client.Clock.Observed += _ =>
        {
            Interlocked.Increment(ref heard);
            Tell();
        };
        var (isQuiet, doubted) = (true, TimeSpan.Zero);
        try
        {
            for (;;)
            {
                var inDoubt = clock.IsInDoubt;
                if (inDoubt || isQuiet) await AskAsync(fresh: inDoubt, cancellationToken);
                inDoubt = clock.IsInDoubt;
                var pause = inDoubt && doubted < LongestDoubt ? Doubting : Quiet;
                doubted = inDoubt ? doubted + pause : TimeSpan.Zero;
                var before = Volatile.Read(ref heard);
                await Task.Delay(pause, clock, cancellationToken);
                isQuiet = Volatile.Read(ref heard) == before;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>
    /// For a program that runs once: asks, and comes back at once where the first answer agrees with this machine's clock. Otherwise asks again until
    /// answers agree, for a limited time; what still differs then is as cautious as ever.
    /// </summary>
    public async Task SettleAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        await AskAsync(fresh: false, cancellationToken);
        while (clock.Skew is not { } skew || (skew.Duration() > SteadyClock.Close && clock.IsInDoubt))
        {
            if (clock.GetElapsedTime(started) >= limit) return;
            Tell();
            await Task.Delay(Doubting, clock, cancellationToken);
            await AskAsync(fresh: true, cancellationToken);
        }
    }

    private void Tell()
    {
        var skew = clock.WorstSkew ?? TimeSpan.Zero;
        var differ = skew.Duration() > SteadyClock.Close;
        if (differ == Interlocked.Exchange(ref _differ, differ)) return;
        tell(differ ? skew : null);
    }

    private async Task AskAsync(bool fresh, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Deadline, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var asked = fresh ? client.WithOwnConnection() : client;
        try
        {
            await asked.GetVersionAsync(either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested
            && e is KubeApiException or KubeConnectionException or KubeConfigException or OperationCanceledException)
        {
            // Other requests say what is wrong with the connection.
        }
        finally
        {
            if (fresh) asked.Dispose();
        }
    }
}
