using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// Extends a journal in a storage. Any number of writers can do so at the same time, and each can stop between any two writes: the batch after a size is
/// created once, and everybody who finds one that is not in the checkpoint yet carries it out first (ADR 0023).
/// </summary>
/// <param name="storage">Where the journal is.</param>
/// <param name="key">Signs its checkpoints.</param>
internal sealed class JournalLog(IJournalStorage storage, SigningKey key)
{
    private LogEdge? _edge;
    private bool _isPrepared;

    /// <summary>
    /// Called with the number of entries that the newest checkpoint covers, whenever there are more and when it is opened. It must be quick, and not throw.
    /// </summary>
    public Action<long> Covers { get; init; } = _ => { };

    /// <summary>Whether the journal was read, and no other writer has extended it since, as far as is known.</summary>
    public bool IsOpen => _edge is not null;

    /// <summary>The number of entries that the newest checkpoint covers.</summary>
    public long Size => _edge?.Size ?? 0;

    /// <summary>Reads the head of the journal, and completes what another writer has begun.</summary>
    /// <exception cref="JournalException">The journal in the storage cannot be extended.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        _edge = null;
        if (!_isPrepared) await storage.PrepareAsync(cancellationToken);
        _isPrepared = true;
        var edge = await ReadEdgeAsync(cancellationToken);
        while (await BegunAsync(edge, cancellationToken) is { } batch)
        {
            var (after, files) = edge.Append(batch);
            edge = await CarryOutAsync(edge, after, files, HeadOf(after), cancellationToken);
        }

        _edge = edge;
        Covers(edge.Size);
    }

    /// <summary>
    /// Appends entries: as many as fit into one batch. Gives how many; 0 if another writer was first, and the journal has to be opened again.
    /// </summary>
    /// <exception cref="JournalException">The journal in the storage cannot be extended.</exception>
    public async Task<int> AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> entries, CancellationToken cancellationToken)
    {
        var edge = _edge ?? throw new InvalidOperationException("The journal is not open.");
        _edge = null; // until all is well: what is thrown below leaves a journal that has to be read again
        IReadOnlyList<ReadOnlyMemory<byte>> batch = [.. entries.Take(edge.Room)];
        var (after, files) = edge.Append(batch);
        LogFile begun = new(JournalBatch.PathOf(edge.Size), JournalBatch.Write(edge, batch, key)), head = HeadOf(after);
        await storage.StageAsync([begun, .. files, head], cancellationToken);
        if (!await storage.CreateAsync(begun.Path, begun.Content, cancellationToken)) return 0;

        // The batch of this size can be gone because the journal is far beyond it.
        if ((await CheckpointAsync(cancellationToken)).Size != edge.Size) return 0;
        _edge = await CarryOutAsync(edge, after, files, head, cancellationToken);
        Covers(_edge.Size);
        return batch.Count;
    }

    /// <summary>The entries of one bundle.</summary>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadBundleAsync(long index, CancellationToken cancellationToken)
    {
        var tile = Tile.Of(0, index, Size);
        var files = await FilesAsync([tile.EntriesPath, tile.Full.EntriesPath], cancellationToken);
        return [.. JournalEntries.Read(files, Size, index << Tile.Height).Take(tile.Width).Select(e => e.Bytes)];
    }

    private async Task<LogEdge> ReadEdgeAsync(CancellationToken cancellationToken)
    {
        var checkpoint = await CheckpointAsync(cancellationToken);
        var edge = LogEdge.Read(await FilesAsync(LogEdge.Paths(checkpoint.Size), cancellationToken), checkpoint.Size);
        return edge.Root() == checkpoint.Root ? edge : throw new JournalException(
            $"the tiles of the journal do not have the root that its checkpoint of {checkpoint.Size} entries signs. Verify the journal, and restore it from a "
                + "copy.");
    }

    private async Task<Checkpoint> CheckpointAsync(CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(Checkpoint.Path, cancellationToken) is not { } note) return new(key.Verifier.Name, 0, TreeHash.Empty);
        return Checkpoint.Open(note.Span, key.Verifier, out var problem)
            ?? throw new JournalException($"the journal's checkpoint cannot be used: {problem}. Use the key and the directory that belong together.");
    }

    /// <summary>The batch that a writer has begun after this log; null if there is none.</summary>
    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>?> BegunAsync(LogEdge edge, CancellationToken cancellationToken)
    {
        var path = JournalBatch.PathOf(edge.Size);
        if (await storage.ReadAsync(path, cancellationToken) is { } bytes)
        {
            return JournalBatch.Read(bytes, edge, key.Verifier) ?? throw new JournalException(
                $"{path} in the journal is not a batch that the operator signed for this journal. Verify the journal, then delete the file.");
        }

        // Batches are deleted only after the bundle after theirs is full.
        var bundle = new Tile(0, edge.Size >> Tile.Height, Tile.FullWidth).EntriesPath;
        if (await storage.ReadAsync(bundle, cancellationToken) is null) return null;
        throw new JournalException($"the journal's checkpoint ends at {edge.Size} entries and {bundle} has more: an old checkpoint was put back. Restore it.");
    }

    private LogFile HeadOf(LogEdge edge) => new(Checkpoint.Path, Checkpoint.Sign(edge.Size, edge.Root(), key));

    private async Task<LogEdge> CarryOutAsync(
        LogEdge edge, LogEdge after, IReadOnlyList<LogFile> files, LogFile head, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            if (await storage.CreateAsync(file.Path, file.Content, cancellationToken)) continue;
            if (await storage.ReadAsync(file.Path, cancellationToken) is { } there && there.Span.SequenceEqual(file.Content.Span)) continue;
            throw new JournalException($"{file.Path} in the journal has other content than its batch: the journal was forked or changed. Verify it.");
        }

        // A writer that was slow must not set the checkpoint back.
        var isWritten = false;
        while (!isWritten && (await CheckpointAsync(cancellationToken)).Size < after.Size)
            isWritten = await storage.ReplaceAsync(head.Path, head.Content, cancellationToken);
        if (after.Size >> Tile.Height > edge.Size >> Tile.Height) await PruneAsync((edge.Size >> Tile.Height) - 1, cancellationToken);
        return after;
    }

    /// <summary>Deletes what a full bundle has replaced. The newest full bundle keeps it, for those who still read by the checkpoint before.</summary>
    private async Task PruneAsync(long bundle, CancellationToken cancellationToken)
    {
        if (bundle < 0) return;
        var tile = new Tile(0, bundle, 1);
        await storage.DeleteFolderAsync(Folder(tile.EntriesPath), cancellationToken);
        await storage.DeleteFolderAsync(JournalBatch.FolderOf(bundle << Tile.Height), cancellationToken);
        for (var above = tile; above.Level < Tile.HighestLevel; above = new(above.Level + 1, above.Index >> Tile.Height, 1))
        {
            await storage.DeleteFolderAsync(Folder(above.Path), cancellationToken);
            if ((above.Index & (Tile.FullWidth - 1)) != Tile.FullWidth - 1) return;
        }
    }

    private static string Folder(string path) => path[..path.LastIndexOf('/')];

    private async Task<LogReader> FilesAsync(IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>?>(StringComparer.Ordinal);
        foreach (var path in paths) files[path] = await storage.ReadAsync(path, cancellationToken);
        return path => files.GetValueOrDefault(path);
    }
}
