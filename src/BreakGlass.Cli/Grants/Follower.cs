using System.Runtime.CompilerServices;

namespace BreakGlass.Cli.Grants;

/// <summary>Follows one object with a watch.</summary>
internal sealed class Follower<T>(KubeClient client, TimeProvider time)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>What broke the watch; null where the server closed it.</summary>
    private Exception? _broke;

    /// <summary>The current object, and again after every change. Ends when it is deleted; it ignores another object of the same name.</summary>
    public async IAsyncEnumerable<T> FollowAsync(T obj, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (last, from) = (obj, obj.Metadata.ResourceVersion);
        yield return last;
        while (true)
        {
            _broke = null;
            var (started, sawChange) = (time.GetTimestamp(), false);
            await foreach (var (gone, changed) in UntilBrokenAsync(last, from, cancellationToken))
            {
                if (gone) yield break;
                sawChange = true;
                (last, from) = (changed, changed.Metadata.ResourceVersion);
                yield return last;
            }

            // The server closed the watch, or the connection broke: what happened meanwhile is read.
            var isVeryShort = !sawChange && time.GetElapsedTime(started) < Outages.Pause;
            var (now, version) = await ReadAsync(last, cancellationToken);
            if (now is null || now.Metadata.Uid != last.Metadata.Uid) yield break;
            if (now.Metadata.ResourceVersion != last.Metadata.ResourceVersion)
            {
                (last, from) = (now, now.Metadata.ResourceVersion);
                yield return last;
            }

            from = version ?? from;

            // A server that refuses watches, or ends them at once, can still answer reads: this is the interval between them.
            if (_broke is not null || isVeryShort) await Task.Delay(Outages.Pause, time, cancellationToken);
        }
    }

    private static string Named(T obj) => $"metadata.name={obj.Metadata.Name}";

    private async IAsyncEnumerable<(bool Gone, T Object)> UntilBrokenAsync(T of, string? from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = new WatchQuery { FieldSelector = Named(of), ResourceVersion = from };
        await using var events = client.WatchAsync<T>(query, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(events))
        {
            var (type, changed) = events.Current;
            if (type is WatchEventType.Bookmark) continue;
            var gone = type is WatchEventType.Deleted || changed.Metadata.Uid != of.Metadata.Uid;
            yield return (gone, changed);
            if (gone) yield break;
        }
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<WatchEvent<T>> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (e is KubeApiException { IsGone: true } || Outages.IsTransient(e))
        {
            _broke = e;
            return false;
        }
    }

    /// <summary>
    /// Reads the object again until the API server answers. If the server no longer knows the object's version, because nothing has
    /// changed it for long, a list gives the version from which changes are known.
    /// </summary>
    private async Task<(T? Now, string? Version)> ReadAsync(T obj, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (_broke is not KubeApiException { IsGone: true }) return (await client.TryGetAsync<T>(obj.Metadata.Name, null, cancellationToken), null);
                var list = await client.ListPageAsync<T>(new() { FieldSelector = Named(obj) }, cancellationToken);
                return (list.Items is [var listed, ..] ? listed : null, list.Metadata.ResourceVersion);
            }
            catch (KubeApiException e) when (e.IsForbidden && _broke is KubeApiException { IsGone: true })
            {
                // Without the right to list, the command only reads.
                return (await client.TryGetAsync<T>(obj.Metadata.Name, null, cancellationToken), null);
            }
            catch (Exception e) when (Outages.IsTransient(e))
            {
                await Task.Delay(Outages.Pause, time, cancellationToken);
            }
        }
    }
}
