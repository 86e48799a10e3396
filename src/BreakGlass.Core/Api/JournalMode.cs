namespace BreakGlass.Core.Api;

/// <summary>Whether access waits for the journal.</summary>
public enum JournalMode
{
    /// <summary>Access is given without waiting for the journal. What could not be written is written later.</summary>
    BestEffort,

    /// <summary>No access is given before the journal contains that it is given.</summary>
    Required,
}
