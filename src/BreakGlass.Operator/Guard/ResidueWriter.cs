using System.Threading.Channels;
using BreakGlass.Core.Guard;

namespace BreakGlass.Operator.Guard;

/// <summary>
/// Writes down in <c>status.residue</c> what grants' identities did and tried, from any replica: the write names the version that it changes, so that neither
/// another replica's entry nor the leader's status is ever overwritten. What was allowed is written before it happens; what was refused in the background, all
/// of a while at once.
/// </summary>
internal sealed class ResidueWriter(KubeClient client, ClusterCaches caches, TimeProvider time, ILogger logger)
{
    /// <summary>How long somebody waits at most for what they do to be written down.</summary>
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(4);

    /// <summary>The least time between two writes of what was refused: a flood of attempts must not become a flood of writes.</summary>
    internal static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    // What waits of one grant, named and not; beyond it only the ways are counted, of which there are five.
    private const int MostNamed = 2 * Residue.MostRefused;
    private const int MostWaiting = MostNamed + (2 * Residue.MostKinds);
    private const int Tries = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Dictionary<(string Grant, string Uid), Dictionary<ResidueEntry, int>> _waiting = [];

    /// <summary>Takes what was refused; never blocks. False where it is one of too many to be named.</summary>
    public bool Add(BreakGlassGrant grant, ResidueEntry entry)
    {
        if (grant.Status.Residue.Contains(entry.Text)) return true;
        lock (_lock)
        {
            var key = (grant.Metadata.Name, grant.Metadata.Uid ?? "");
            if (!_waiting.TryGetValue(key, out var entries)) _waiting[key] = entries = [];
            var kept = entries.ContainsKey(entry) || entries.Count < MostNamed ? entry : entries.ContainsKey(entry.ByKind) || entries.Count < MostWaiting
                ? entry.ByKind : entry.ByWay;
            entries[kept] = entries.GetValueOrDefault(kept) + 1;
            _wake.Writer.TryWrite(true);
            return kept.IsNamed && Residue.NamesRefused(grant.Status.Residue);
        }
    }

    /// <summary>Takes a note that begins with what it is about, e.g. <c>created secrets payments/copied</c>; never blocks.</summary>
    public void Add(BreakGlassGrant grant, string note)
    {
        var first = note.Split(' ', 2)[0];
        Add(grant, new ResidueEntry(note, first, first));
    }

    /// <summary>Writes down at once what is about to be allowed; false where that did not succeed in time, or the grant is gone.</summary>
    public async Task<bool> RecordAsync(BreakGlassGrant grant, ResidueEntry entry, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await WriteAsync(grant.Metadata.Name, grant.Metadata.Uid ?? "", new() { [entry] = 1 }, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Writes what was refused, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _wake.Reader.ReadAsync(cancellationToken);
                foreach (var ((grant, uid), entries) in Take()) await WriteAsync(grant, uid, entries, cancellationToken);
                await Task.Delay(Between, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private Dictionary<(string Grant, string Uid), Dictionary<ResidueEntry, int>> Take()
    {
        lock (_lock) return Interlocked.Exchange(ref _waiting, []);
    }

    private async Task<bool> WriteAsync(string name, string uid, Dictionary<ResidueEntry, int> entries, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                // The first try goes by the cache; what a conflict shows to be old is read again.
                var grant = (tries == 1 ? caches.WholeGrant(name) : null) ?? await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken);
                if (grant is null || grant.Metadata.Uid != uid) return false;
                var residue = entries.Aggregate(grant.Status.Residue, (all, entry) => Residue.Add(all, entry.Key, entry.Value));
                if (ReferenceEquals(residue, grant.Status.Residue)) return true;
                caches.Learn(await client.ReplaceStatusAsync(grant with { Status = grant.Status with { Residue = residue } }, cancellationToken));
                return true;
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return false;
            }
            catch (Exception e) when (e is KubeApiException or KubeConnectionException)
            {
                if (tries == Tries)
                {
                    logger.ResidueNotWritten(name, string.Join("', '", entries.Keys.Take(5).Select(entry => entry.Text)), e);
                    return false;
                }

                await Task.Delay(Pause * tries, time, cancellationToken);
            }
        }
    }
}
