namespace BreakGlass.Core.Journal;

/// <summary>What the journal says of a seal key: not its secret.</summary>
/// <param name="Id">Its id.</param>
/// <param name="CreatedAt">When it was made; whole seconds.</param>
public readonly record struct SealKeyFacts(string Id, DateTimeOffset CreatedAt);
