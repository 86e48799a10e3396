using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// The journal as those who have entries for it see it: what other writers added is read, then entries are appended in batches. Each entry that a checkpoint
/// covers is announced with its index. Not thread-safe: the sequencer is the only one who uses it.
/// </summary>
/// <param name="log">The journal.</param>
internal sealed class JournalWriter(JournalLog log)
{
    private long? _read;
    private long _lowest = long.MaxValue;

    /// <summary>
    /// Called with entries that a checkpoint covers, whoever wrote them: those that are read, in the order in which they are read, and those that are
    /// appended. What was in the journal before this process began to read is announced only as far back as it is read.
    /// </summary>
    public Action<IReadOnlyList<LoggedEntry>>? Covered { get; set; }

    /// <summary>The number of entries that the newest checkpoint covers.</summary>
    public long Size => log.Size;

    /// <summary>Whether everything that is in the journal was read, as far as is known.</summary>
    public bool IsCurrent => log.IsOpen && _read == log.Size;

    /// <summary>
    /// Opens the journal if it is not open, and reads what was added since it was last read; at first backwards, as far as is needed.
    /// </summary>
    /// <param name="from">Gives the first entry that is needed, by what was announced so far.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task CatchUpAsync(Func<long> from, CancellationToken cancellationToken)
    {
        if (!log.IsOpen) await log.OpenAsync(cancellationToken);

        // Also where the last attempt opened the journal and failed before it had read all of it.
        if (_read == log.Size) return;
        if (_read > log.Size)
            throw new JournalException($"the journal had {_read} entries and has {log.Size} now: its storage was replaced or set back. Restore it.");
        var first = (_read ?? 0) >> Tile.Height;
        for (var bundle = (log.Size - 1) >> Tile.Height; bundle >= first; bundle--)
        {
            Covered?.Invoke(await ReadAsync(bundle, cancellationToken));

            // Not before what an attempt that failed has read: what another writer added after that can be in between.
            if (_read is null && bundle <= _lowest && bundle << Tile.Height <= from()) break;
            _lowest = Math.Min(_lowest, bundle);
        }

        _read = log.Size;
    }

    /// <summary>The entries of one bundle, as far as a checkpoint covers them. The journal must be open.</summary>
    public async Task<IReadOnlyList<LoggedEntry>> ReadAsync(long bundle, CancellationToken cancellationToken)
    {
        var bytes = await log.ReadBundleAsync(bundle, cancellationToken);
        var entries = new List<LoggedEntry>(bytes.Count);
        for (var i = 0; i < bytes.Count; i++)
        {
            if (JournalEntry.Read(bytes[i]) is { } entry) entries.Add(new((bundle << Tile.Height) + i, entry));
        }

        return entries;
    }

    /// <summary>
    /// Appends entries, in their order. False if another writer was first: some of them may have been appended, and what the other wrote must be read before
    /// the rest is.
    /// </summary>
    /// <param name="entries">The entries.</param>
    /// <param name="appended">Called after each batch with how many of the entries are in the journal by then.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<bool> AppendAsync(IReadOnlyList<JournalEntry> entries, Action<int> appended, CancellationToken cancellationToken)
    {
        for (var done = 0; done < entries.Count;)
        {
            var next = entries.Skip(done).Take(Tile.FullWidth).Select(e => (ReadOnlyMemory<byte>)e.Bytes());
            var count = await log.AppendAsync([.. next], cancellationToken);
            if (count == 0) return false;
            var (from, first) = (done, log.Size - count);
            (done, _read) = (done + count, log.Size);
            Covered?.Invoke([.. Enumerable.Range(0, count).Select(i => new LoggedEntry(first + i, entries[from + i]))]);
            appended(done);
        }

        return true;
    }
}
