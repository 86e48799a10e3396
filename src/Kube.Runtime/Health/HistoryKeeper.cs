namespace Kube.Runtime;

/// <summary>
/// Notices that the API server's data was restored from a backup. An API server accepts a watch from a version that the restored data has not reached, and
/// shows nothing on it until it has, which can take days (https://github.com/kubernetes/kubernetes/issues/107457): every cache would be blind. All that the
/// process knows is of a history that no longer exists, so it must start again, as Kubernetes' documentation says of its own components
/// (https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#restoring-an-etcd-cluster).
/// </summary>
/// <typeparam name="T">What the process may list.</typeparam>
/// <param name="client">The API server. A read without a version is answered from the newest state, so versions never go back otherwise.</param>
/// <param name="time">Clock.</param>
public sealed class HistoryKeeper<T>(KubeClient client, TimeProvider time)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The time between two looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    /// <summary>Looks until it is cancelled, which is not an error.</summary>
    /// <exception cref="HistoryRewoundException">The data is older than it was.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        ulong newest = 0;
        return time.EveryAsync(Period, atOnce: true, async token =>
        {
            var version = await LookAsync(token);

            // Twice: a process must not end by one strange answer of something in between.
            if (Versions.IsOlder(version, newest) && await LookAsync(token) is var again && Versions.IsOlder(again, newest))
            {
                throw new HistoryRewoundException(
                    $"the API server's data was restored from a backup: it is at version {again}, and this process has seen version {newest}. "
                        + "The process must start again, because its watches show nothing until the data has reached that version");
            }

            newest = Math.Max(newest, version);
        }, cancellationToken);
    }

    private async Task<ulong> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Versions.Parse((await client.ListPageAsync<T>(new() { Limit = 1 }, cancellationToken)).Metadata.ResourceVersion);
        }
        catch (Exception e) when (e is KubeApiException or KubeConnectionException or KubeConfigException)
        {
            return 0; // other requests say what is wrong
        }
    }
}
