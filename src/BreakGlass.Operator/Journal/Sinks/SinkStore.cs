using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>What sinks need of the journal's storage: its entries, and how far each sink is.</summary>
/// <param name="storage">Where the journal is.</param>
/// <param name="origin">Whose journal.</param>
internal sealed class SinkStore(IJournalStorage storage, string origin)
{
    /// <summary>The most bytes of entries in a batch. One entry always fits.</summary>
    private const int MostBytes = 512 * 1024;

    /// <summary>Where the position of a sink is: the number of entries that it has acknowledged, as a text.</summary>
    public static string PathOf(string sink) => $"sink/{sink}";

    /// <summary>The position of a sink; null if there is none that can be read.</summary>
    public async Task<long?> PositionAsync(string sink, CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(PathOf(sink), cancellationToken) is not { } bytes) return null;
        var text = Encoding.ASCII.GetString(bytes.Span).TrimEnd();
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : null;
    }

    /// <summary>Keeps the position of a sink.</summary>
    public Task KeepAsync(string sink, long position, CancellationToken cancellationToken) => storage.ReplaceAsync(
        PathOf(sink), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{position}\n")), cancellationToken);

    /// <summary>Reads entries from a position on, at least one.</summary>
    /// <param name="position">The index of the first entry.</param>
    /// <param name="size">The number of entries that a checkpoint covers; more than the position.</param>
    /// <param name="most">The most entries.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="JournalException">The journal in the storage is not whole.</exception>
    public async Task<SinkBatch> ReadAsync(long position, long size, int most, CancellationToken cancellationToken)
    {
        var tile = Tile.Of(0, position >> Tile.Height, size);

        // A partial bundle is deleted some time after the full one is there.
        var files = new Dictionary<string, ReadOnlyMemory<byte>?>(StringComparer.Ordinal)
        {
            [tile.EntriesPath] = await storage.ReadAsync(tile.EntriesPath, cancellationToken),
        };
        if (files[tile.EntriesPath] is null) files[tile.Full.EntriesPath] = await storage.ReadAsync(tile.Full.EntriesPath, cancellationToken);

        var (copies, bytes) = (new List<JournalCopy>(), 0);
        var last = ((position >> Tile.Height) + 1) << Tile.Height;
        foreach (var entry in JournalEntries.Read(path => files.GetValueOrDefault(path), Math.Min(size, last), position).Take(most))
        {
            if (copies.Count > 0 && bytes + entry.Bytes.Length > MostBytes) break;
            copies.Add(JournalCopy.Of(origin, entry.Index, entry.Bytes));
            bytes += entry.Bytes.Length;
        }

        return new(copies);
    }
}
