using BreakGlass.Core.Journal;
using BreakGlass.Operator.Journal;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>Verifies that the transitions of a grant are in the journal, from the journal's files and its public key, as a reader outside would.</summary>
/// <param name="storage">Where the journal is.</param>
/// <param name="key">The key that signs its checkpoints.</param>
internal sealed class JournalProofs(IJournalStorage storage, VerifierKey key)
{
    /// <summary>The grant is at most about half an hour old, so its entries are among the newest.</summary>
    private const int MostBundles = 64;

    private const int MostFiles = 256;

    /// <summary>Entries are nearly in the order of their times.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(10);

    /// <summary>What is not in the journal; null if all transitions are.</summary>
    public async Task<string?> LacksAsync(BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(Checkpoint.Path, cancellationToken) is not { } note) return "The journal has no checkpoint.";
        if (Checkpoint.Open(note.Span, key, out var problem) is not { } checkpoint) return $"The journal's checkpoint cannot be trusted: {problem}.";
        var lacking = grant.Status.Transitions.Index().ToDictionary(t => JournalEntry.IdOf(grant.Metadata.Uid!, t.Index), t => t.Item.To);
        if (lacking.Count == 0) return "The grant has no transition.";
        var files = new Dictionary<string, ReadOnlyMemory<byte>?>(StringComparer.Ordinal);
        var (newest, from) = ((checkpoint.Size - 1) >> Tile.Height, grant.Metadata.CreatedAt - Slack);
        for (var bundle = newest; lacking.Count > 0 && bundle >= 0 && newest - bundle < MostBundles; bundle--)
        {
            var start = bundle << Tile.Height;
            var entries = await WithFilesAsync(
                files, reader => JournalEntries.Read(reader, checkpoint.Size, start).Take(Tile.FullWidth).ToList(), cancellationToken);
            foreach (var (index, bytes) in entries)
            {
                if (JournalEntry.Read(bytes) is not { } entry || !lacking.Remove(entry.Id, out var phase)) continue;
                var proof = await WithFilesAsync(files, reader => new LogTree(reader, checkpoint.Size).Inclusion(index), cancellationToken);
                if (!TreeProof.Includes(TreeHash.Leaf(bytes.Span), index, checkpoint.Size, checkpoint.Root, proof))
                    return $"Entry {index} of the journal, of the transition to {phase}, is not the one that was signed.";
            }

            if (JournalEntry.Read(entries[0].Bytes)?.Time < from) break;
        }

        return lacking.Count == 0 ? null : $"The transition to {lacking.Values.First()} is not in the journal yet.";
    }

    /// <summary>Computes from files of the journal. The computation reads without waiting: what it lacks is read, and then it begins again.</summary>
    /// <exception cref="JournalException">A file is missing or broken.</exception>
    private async Task<T> WithFilesAsync<T>(
        Dictionary<string, ReadOnlyMemory<byte>?> files, Func<LogReader, T> compute, CancellationToken cancellationToken)
    {
        while (true)
        {
            var lacking = new List<string>();
            ReadOnlyMemory<byte>? Read(string path)
            {
                if (files.TryGetValue(path, out var content)) return content;
                lacking.Add(path);
                return null;
            }

            try
            {
                return compute(Read);
            }
            catch (JournalException) when (lacking.Count > 0 && files.Count < MostFiles)
            {
                foreach (var path in lacking) files[path] = await storage.ReadAsync(path, cancellationToken);
            }
        }
    }
}
