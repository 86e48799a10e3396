using k8s;
using k8s.Models;
using Kube.Client;

namespace Benchmarks;

/// <summary>A watch that goes on where it was when the server ends it, which it does to one that falls behind on a busy machine.</summary>
internal static class Follow
{
    /// <summary>The version of now, to follow from.</summary>
    public static async Task<string> NowAsync<T>(KubeClient client, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.ListPageAsync<T>(new() { Limit = 1 }, cancellationToken)).Metadata.ResourceVersion ?? "";

    /// <summary>Runs until cancelled.</summary>
    /// <param name="client">The client.</param>
    /// <param name="selector">A label selector; null for all.</param>
    /// <param name="version">Where to begin.</param>
    /// <param name="seen">Called for each change.</param>
    /// <param name="relisted">Called with everything there is, where changes were missed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync<T>(
        KubeClient client, string? selector, string version, Action<WatchEvent<T>> seen, Action<IReadOnlyList<T>> relisted,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        while (true)
        {
            try
            {
                var query = new WatchQuery { LabelSelector = selector, ResourceVersion = version, Timeout = TimeSpan.FromHours(1) };
                await foreach (var change in client.WatchAsync<T>(query, cancellationToken))
                {
                    version = change.Object.Metadata.ResourceVersion ?? version;
                    if (change.Type is not WatchEventType.Bookmark) seen(change);
                }
            }
            catch (KubeApiException e) when (e.IsGone)
            {
                var all = await client.ListAsync<T>(new() { LabelSelector = selector }, cancellationToken);
                version = all.Metadata.ResourceVersion ?? "";
                relisted(all.Items);
            }
        }
    }
}
