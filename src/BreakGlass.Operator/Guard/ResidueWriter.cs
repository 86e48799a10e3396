using System.Threading.Channels;
using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Operator.Caching;
using BreakGlass.Operator.Logging;
using Kube.Client;

namespace BreakGlass.Operator.Guard;

/// <summary>
/// Writes down in <c>status.residue</c> what grants' identities tried, in the background and from any replica: the write names the version that
/// it changes, so that neither another replica's entry nor the leader's status is ever overwritten.
/// </summary>
internal sealed class ResidueWriter(KubeClient client, ClusterCaches caches, TimeProvider time, ILogger logger)
{
    // Whoever hammers at the guard fills his own grant's list, which ends at 50; beyond this queue the log and the metric still tell.
    private const int QueueSize = 1000;
    private const int Tries = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Channel<(string Grant, string Uid, string Entry)> _queue =
        Channel.CreateBounded<(string, string, string)>(new BoundedChannelOptions(QueueSize) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Takes an entry; never blocks.</summary>
    public void Add(BreakGlassGrant grant, string entry)
    {
        if (!ReferenceEquals(PersistenceGuard.Add(grant.Status.Residue, entry), grant.Status.Residue)) _queue.Writer.TryWrite((grant.Metadata.Name, grant.Metadata.Uid ?? "", entry));
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var (grant, uid, entry) in _queue.Reader.ReadAllAsync(cancellationToken)) await WriteAsync(grant, uid, entry, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private async Task WriteAsync(string name, string uid, string entry, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                // The first try goes by the cache; what a conflict shows to be old is read again.
                var grant = (tries == 1 ? caches.Grant(name) : null) ?? await client.TryGetAsync<BreakGlassGrant>(name, null, cancellationToken);
                if (grant is null || grant.Metadata.Uid != uid) return;
                var residue = PersistenceGuard.Add(grant.Status.Residue, entry);
                if (ReferenceEquals(residue, grant.Status.Residue)) return;
                caches.Learn(await client.ReplaceStatusAsync(grant with { Status = grant.Status with { Residue = residue } }, cancellationToken));
                return;
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return;
            }
            catch (Exception e) when (e is KubeApiException or KubeConnectionException)
            {
                if (tries == Tries)
                {
                    logger.ResidueNotWritten(name, entry, e);
                    return;
                }

                await Task.Delay(Pause * tries, time, cancellationToken);
            }
        }
    }
}
