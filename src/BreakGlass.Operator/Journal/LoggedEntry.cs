using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>An entry that a checkpoint of the journal covers.</summary>
/// <param name="Index">Its number in the journal, from 0.</param>
/// <param name="Entry">The entry.</param>
internal readonly record struct LoggedEntry(long Index, JournalEntry Entry);
