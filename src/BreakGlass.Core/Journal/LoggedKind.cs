namespace BreakGlass.Core.Journal;

/// <summary>What the journal keeps track of as long as it exists.</summary>
public enum LoggedKind
{
    /// <summary>A grant.</summary>
    Grant,

    /// <summary>A policy.</summary>
    Policy,

    /// <summary>A lockdown.</summary>
    Lockdown,

    /// <summary>A seal key.</summary>
    SealKey,

    /// <summary>An authority.</summary>
    Authority,

    /// <summary>A drill.</summary>
    Drill,

    /// <summary>A key of the journal that replaced another one.</summary>
    JournalKey,
}
