using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// Appends what replicas hand over in files of the storage, and deletes the files when a checkpoint covers their entries. An entry has the same id whenever it
/// is handed over, and a file says before which index the journal cannot have it: so each is appended once, wherever a writer stops. Not thread-safe: the
/// sequencer is the only one who uses it.
/// </summary>
/// <param name="storage">Where the journal is.</param>
/// <param name="key">The key of the journal, which signs the files.</param>
/// <param name="backlog">Takes the number of files that are left.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class JournalSpool(IJournalStorage storage, VerifierKey key, Action<int> backlog, TimeProvider time, ILogger logger)
{
    /// <summary>How often the files are listed.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>About how many entries are read at once; each can have 64 KiB.</summary>
    internal const int MostAtOnce = 64;

    /// <summary>How many entries of the journal are remembered at least.</summary>
    internal const int MostKnown = 8192;

    // Of files that cannot be deleted, no more than these are read again and again.
    private const int MostFiles = 64;
    private const int MostRefused = 1000;

    /// <summary>By the fingerprint of its id, the index of each entry of the kinds that are handed over, from <see cref="_knownFrom"/> on.</summary>
    private readonly Dictionary<UInt128, long> _known = [];
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private long _knownFrom = long.MaxValue;
    private long? _listed;

    /// <summary>Whether it is time to empty it.</summary>
    public bool IsDue => _listed is not { } at || time.GetElapsedTime(at) >= Period;

    /// <summary>Takes an entry that is in the journal, in any order.</summary>
    public void Take(LoggedEntry logged)
    {
        if (logged.Entry.Type is EntryTypes.SessionEvents or EntryTypes.SessionRecording) _known[EntryId.Fingerprint(logged.Entry.Id)] = logged.Index;
    }

    /// <summary>Appends what is there and deletes it, and says how many entries were appended. Only after all that is in the journal was read.</summary>
    public async Task<int> EmptyAsync(JournalWriter writer, CancellationToken cancellationToken)
    {
        _listed = time.GetTimestamp();
        var paths = (await storage.ListAsync(SpoolFile.Folder, cancellationToken)).Order(StringComparer.Ordinal).ToList();
        backlog(paths.Count);
        _refused.IntersectWith(paths);
        if (paths.Count == 0) return 0;
        _knownFrom = Math.Min(_knownFrom, writer.Size);
        var (files, entries, isRest) = (new List<string>(), new List<JournalEntry>(), false);
        foreach (var path in paths.Where(p => !_refused.Contains(p)))
        {
            isRest = entries.Count >= MostAtOnce || files.Count >= MostFiles;
            if (isRest) break;
            if (await storage.ReadAsync(path, cancellationToken) is not { } bytes) continue;
            if (SpoolFile.Read(path, bytes, key) is not { } file)
            {
                if (_refused.Count < MostRefused) _refused.Add(path);
                logger.SpoolFileRefused(path);
                continue;
            }

            await LearnAsync(writer, file.Size, cancellationToken);
            files.Add(path);
            entries.AddRange(file.Entries.Where(e => !_known.ContainsKey(EntryId.Fingerprint(e.Id))));
        }

        var appended = 0;
        if (!await writer.AppendAsync([.. entries.DistinctBy(e => e.Id)], done => appended = done, cancellationToken)) return appended;
        foreach (var path in files) await storage.DeleteAsync(path, cancellationToken);
        backlog(paths.Count - files.Count);
        Trim();
        if (isRest) _listed = null; // it comes with the next round
        return appended;
    }

    /// <summary>
    /// Reads as far back as an entry of a file can be: a replica can write a file again after the leader deleted it, if it got no answer, and somebody can put
    /// an old one back.
    /// </summary>
    private async Task LearnAsync(JournalWriter writer, long from, CancellationToken cancellationToken)
    {
        if (from >= _knownFrom) return;
        for (var bundle = (_knownFrom - 1) >> Tile.Height; bundle >= from >> Tile.Height; bundle--)
        {
            foreach (var logged in await writer.ReadAsync(bundle, cancellationToken)) Take(logged);
        }

        _knownFrom = from;
    }

    private void Trim()
    {
        if (_known.Count <= 2 * MostKnown) return;
        _knownFrom = Math.Max(_knownFrom, _known.Values.OrderDescending().ElementAt(MostKnown));
        foreach (var old in _known.Where(k => k.Value < _knownFrom).ToList()) _known.Remove(old.Key);
    }
}
