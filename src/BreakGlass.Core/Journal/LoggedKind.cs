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
}
