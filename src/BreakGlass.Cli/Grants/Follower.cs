using System.Runtime.CompilerServices;
using Kube.Client;
using Kube.Model;

namespace BreakGlass.Cli.Grants;

/// <summary>What is waited out by who follows something: an incident is when that happens.</summary>
internal static class Outages
{
    /// <summary>How long to wait before it is tried again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Whether it may be over with the next try.</summary>
    public static bool Passes(Exception e) => e is KubeConnectionException or KubeApiException { IsServerError: true } or KubeApiException { IsTooManyRequests: true };
}

/// <summary>Follows what becomes of one object by a watch.</summary>
internal sealed class Follower<T>(KubeClient client, TimeProvider time)
    where T : class, IKubeResource<T>
{
    /// <summary>The object as it is, and again at every change. Ends when it is gone; another of its name is not taken for it.</summary>
    public async IAsyncEnumerable<T> FollowAsync(T obj, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = obj;
        yield return last;
        while (true)
        {
            await foreach (var (gone, changed) in UntilBrokenAsync(last, cancellationToken))
            {
                if (gone) yield break;
                yield return last = changed;
            }

            // The server closed the watch, or the connection broke: what happened meanwhile is read.
            var now = await ReadAsync(last, cancellationToken);
            if (now is null || now.Metadata.Uid != last.Metadata.Uid) yield break;
            if (now.Metadata.ResourceVersion != last.Metadata.ResourceVersion) yield return last = now;
        }
    }

    private async IAsyncEnumerable<(bool Gone, T Object)> UntilBrokenAsync(T from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new WatchQuery { FieldSelector = $"metadata.name={from.Metadata.Name}", ResourceVersion = from.Metadata.ResourceVersion };
        await using var events = client.WatchAsync<T>(query, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(events))
        {
            var (type, changed) = events.Current;
            if (type is WatchEventType.Bookmark) continue;
            var gone = type is WatchEventType.Deleted || changed.Metadata.Uid != from.Metadata.Uid;
            yield return (gone, changed);
            if (gone) yield break;
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<WatchEvent<T>> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (e is KubeApiException { IsGone: true } || Outages.Passes(e))
        {
            return false;
        }
    }

    /// <summary>Reads it anew, again and again while the API server cannot be reached.</summary>
    private async Task<T?> ReadAsync(T obj, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await client.TryGetAsync<T>(obj.Metadata.Name, null, cancellationToken);
            }
            catch (Exception e) when (Outages.Passes(e))
            {
                await Task.Delay(Outages.Pause, time, cancellationToken);
            }
        }
    }
}
