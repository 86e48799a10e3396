namespace BreakGlass.Operator.Reconciling;

/// <summary>
/// Reads the lockdowns beside their watch while any grant is live. A watch whose connection dies without being closed is noticed after 45 s, and the kill
/// switch must not wait for that. All watches share a connection; this read does not use it.
/// </summary>
internal sealed class LockdownPoller(LockdownReads lockdowns, ClusterCaches caches, TimeProvider time)
{
    /// <summary>The time between two reads.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: false,
        token => caches.LiveGrants.Any(g => g.Status.ActivatedAt is not null) ? LookAsync(token) : Task.CompletedTask, cancellationToken);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            await lockdowns.CompareAsync(cancellationToken);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            // The watch tells of them too, and the next read comes soon.
        }
    }
}
