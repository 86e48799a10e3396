namespace BreakGlass.Cli.Drills.Chaos;

/// <summary>The variants by their names on the command line.</summary>
internal static class ChaosVariants
{
    public static IReadOnlyList<string> Names { get; } = [KillLeader.Word, NoWebhooks.Word, JournalStorage.Word, WrongClock.Word];

    /// <summary>A variant.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="ns">The operator's namespace.</param>
    public static IChaosVariant Of(string name, string ns) => name switch
    {
        KillLeader.Word => new KillLeader(ns),
        NoWebhooks.Word => new NoWebhooks(),
        JournalStorage.Word => new JournalStorage(ns),
        _ => new WrongClock(ns),
    };
}
