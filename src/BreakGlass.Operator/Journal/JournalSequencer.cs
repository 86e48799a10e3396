using BreakGlass.Core.Journal;

namespace BreakGlass.Operator.Journal;

/// <summary>
/// Appends what grants went through to the journal: each transition in their statuses that is not in it yet, in order, once. It keeps nothing that the
/// journal and the statuses do not say, and nothing else waits for it.
/// </summary>
internal sealed class JournalSequencer
{
    /// <summary>How often the grants are compared with the journal.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How long a failure is followed by no other try.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>An entry can be written after the grant's next one began, but not by that much.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromHours(1);

    private readonly JournalLog _log;
    private readonly Func<IReadOnlyCollection<BreakGlassGrant>> _grants;
    private readonly Func<string, CancellationToken, Task<BreakGlassGrant?>> _read;
    private readonly Action<int> _backlog;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LoggedGrants _logged = new();
    private long? _counted;

    /// <param name="log">The journal.</param>
    /// <param name="grants">The grants in the cache.</param>
    /// <param name="read">Reads a grant from the API server; null if it is gone.</param>
    /// <param name="backlog">Takes the number of transitions that are not in the journal yet.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public JournalSequencer(JournalLog log, Func<IReadOnlyCollection<BreakGlassGrant>> grants,
        Func<string, CancellationToken, Task<BreakGlassGrant?>> read, Action<int> backlog, TimeProvider time, ILogger logger) =>
        (_log, _grants, _read, _backlog, _time, _logger) = (log, grants, read, backlog, time, logger);

    /// <summary>Appends until cancelled. What fails is tried again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var wait = Period;
            try
            {
                await RoundAsync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                _logger.JournalFailed(e is JournalException ? e.Message : e.GetType().Name, Pause.TotalSeconds);
                wait = Pause;
            }
            catch (Exception)
            {
                return; // what fails while the term ends
            }

            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Appends what is not in the journal yet.</summary>
    internal async Task RoundAsync(CancellationToken cancellationToken)
    {
        var grants = _grants();
        _backlog(grants.Sum(g => _logged.HasAll(g) ? 0 : Math.Max(1, g.Status.Transitions.Count - _logged.Count(g))));
        if (!_log.IsOpen) await _log.OpenAsync(cancellationToken);

        // Also where the last round opened the journal and failed before it had read all of it.
        if (_counted != _log.Size) await CountAsync(grants, cancellationToken);

        var waiting = await WaitingAsync(grants, cancellationToken);
        _backlog(waiting.Count);
        for (var done = 0; done < waiting.Count;)
        {
            var next = waiting.Skip(done).Take(Tile.FullWidth).Select(e => (ReadOnlyMemory<byte>)e.Bytes());
            var appended = await _log.AppendAsync([.. next], cancellationToken);
            if (appended == 0) return; // another writer was first: the next round reads what it wrote
            foreach (var entry in waiting.Skip(done).Take(appended)) _logged.Add(entry);
            (done, _counted) = (done + appended, _log.Size);
            _backlog(waiting.Count - done);
        }

        _logged.Trim(grants);
    }

    /// <summary>
    /// Reads what the journal has: all that was added since it was last read; at first backwards, until nothing older can be of a grant that is still there.
    /// </summary>
    private async Task CountAsync(IReadOnlyCollection<BreakGlassGrant> grants, CancellationToken cancellationToken)
    {
        var oldest = grants.Min(g => g.Metadata.CreatedAt) is { } created ? created - Margin : DateTimeOffset.MaxValue;
        var first = (_counted ?? 0) >> Tile.Height;
        for (var bundle = (_log.Size - 1) >> Tile.Height; bundle >= first; bundle--)
        {
            var entries = (await _log.ReadBundleAsync(bundle, cancellationToken)).Select(bytes => JournalEntry.Read(bytes)).OfType<JournalEntry>().ToList();
            foreach (var entry in entries) _logged.Add(entry);
            if (_counted is null && entries.Count > 0 && entries.TrueForAll(e => e.Time < oldest)) break;
        }

        _counted = _log.Size;
    }

    private async Task<List<JournalEntry>> WaitingAsync(IReadOnlyCollection<BreakGlassGrant> grants, CancellationToken cancellationToken)
    {
        var waiting = new List<(DateTimeOffset At, JournalEntry Entry)>();
        foreach (var cached in grants.Where(g => g.Metadata.Uid is not null && !_logged.HasAll(g)))
        {
            var grant = CacheTransforms.IsShed(cached) ? await _read(cached.Metadata.Name, cancellationToken) : cached;
            var from = _logged.Count(cached);
            if (grant is null || grant.Metadata.Uid != cached.Metadata.Uid || grant.Status.Transitions.Count <= from)
            {
                _logged.Settle(cached);
                continue;
            }

            var at = DateTimeOffset.MinValue;
            foreach (var entry in GrantEntries.Of(grant, from))
            {
                // Never before an earlier transition of the same grant, whatever a forged time says.
                at = entry.Time > at ? entry.Time : at;
                waiting.Add((at, entry));
            }
        }

        return [.. waiting.OrderBy(w => w.At).Select(w => w.Entry)];
    }
}
