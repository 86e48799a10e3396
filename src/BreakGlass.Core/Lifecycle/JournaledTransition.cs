namespace BreakGlass.Core.Lifecycle;

/// <summary>A transition of a grant as the journal has it.</summary>
/// <param name="Number">Its number in the status, from 0.</param>
/// <param name="Index">The index of the entry.</param>
/// <param name="At">The time of the entry.</param>
/// <param name="Type">The type of the entry.</param>
public readonly record struct JournaledTransition(int Number, long Index, DateTimeOffset At, string Type);
