namespace BreakGlass.Cli.Hosting;

/// <summary>
/// The API server's time, by which access begins and ends. A laptop whose clock is off by minutes would otherwise show access as over that works, or the
/// other way round. It is only shown and compared here; nothing is ended by it.
/// </summary>
internal static class ServerTime
{
    /// <summary>A <c>Date</c> header has whole seconds and says nothing of a smaller difference.</summary>
    private static readonly TimeSpan Negligible = TimeSpan.FromSeconds(5);

    /// <summary>The API server's time as far as its last answer says; this machine's where both agree or there was no answer yet.</summary>
    public static DateTimeOffset Now(this KubeClient client, TimeProvider own) => own.GetUtcNow() - Skew(client);

    /// <summary>What this machine's clock shows when the API server's shows a time; for programs that compare it with this machine's.</summary>
    public static DateTimeOffset OnThisMachine(this KubeClient client, DateTimeOffset time) => time + Skew(client);

    private static TimeSpan Skew(KubeClient client) => client.Clock.Skew is { } skew && skew.Duration() > Negligible ? skew : TimeSpan.Zero;
}
