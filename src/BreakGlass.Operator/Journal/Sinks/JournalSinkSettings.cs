namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>Where copies of the journal go to. Printing it shows no secret.</summary>
/// <param name="File">The file it was read from; null if there is none.</param>
/// <param name="Sinks">The sinks.</param>
internal sealed record JournalSinkSettings(string? File, IReadOnlyList<SinkSettings> Sinks)
{
    /// <summary>No sinks.</summary>
    public static JournalSinkSettings None { get; } = new(null, []);
}
