using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>What those who do not write the journal read of it.</summary>
internal static class JournalHead
{
    /// <summary>The number of entries in the journal now.</summary>
    /// <exception cref="JournalException">The checkpoint cannot be used.</exception>
    public static async Task<long> SizeAsync(IJournalStorage storage, SigningKey key, CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(Checkpoint.Path, cancellationToken) is not { } note) return 0;
        return Checkpoint.Open(note.Span, key.Verifier, out var problem)?.Size
            ?? throw new JournalException($"the journal's checkpoint cannot be used: {problem}. Use the key and the storage that belong together.");
    }
}
