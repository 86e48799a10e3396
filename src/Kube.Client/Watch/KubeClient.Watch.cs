namespace Kube.Client;

public sealed partial class KubeClient
{
    /// <summary>
    /// Follows the changes of a kind. Ends normally when the server closes the stream and when the client's own deadline passes
    /// (<see cref="WatchQuery.Timeout"/> plus <see cref="KubeClientOptions.WatchGrace"/>); the caller goes on from the last resource version it saw.
    /// </summary>
    /// <remarks>
    /// The deadline runs from before the request is sent: proxies may hold back the headers until the first event, and a connection
    /// that went silent may never say so (keep-alive pings are not sent any more once the server announced that it goes away).
    /// An event that cannot be read, or of an unknown type, is reported (<see cref="KubeClientOptions.OnSkipped"/>) and left out.
    /// </remarks>
    /// <exception cref="KubeApiException">The server refused the watch or sent an ERROR event, e.g. <see cref="KubeApiException.IsGone"/>.</exception>
    /// <exception cref="KubeConnectionException">No connection, or it broke. Nothing is tried again here: that is the caller's loop.</exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(WatchQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var kind = KubeKinds.Of<T>();
        var request = WatchRequest(kind.Resource, query);
        if (_access is not null) await _access.PrepareAsync(cancellationToken);
        using var deadline = new CancellationTokenSource(query.Timeout + _options.WatchGrace, _time);
        await using var caller = cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), deadline);
        using var message = request.ToMessage();
        using var response = await OpenWatchAsync(request, message, deadline.Token, cancellationToken);
        if (response is null) yield break;

        var stream = await response.Content.ReadAsStreamAsync(CancellationToken.None);
        await using (stream)
        {
            await using var lines = new LineReader(stream);
            while (await NextLineAsync(lines, request, deadline.Token, cancellationToken))
            {
                if (Read(kind, lines.Current, lines.CutOff, request) is { } happened) yield return happened;
            }
        }
    }

    private Request WatchRequest(ResourceType resource, WatchQuery query)
    {
        var url = UrlBuilder.Collection(_root, resource, query.Namespace)
            .With("watch", "true")
            .With("labelSelector", query.LabelSelector)
            .With("fieldSelector", query.FieldSelector)
            .With("resourceVersion", query.ResourceVersion)
            .With("allowWatchBookmarks", "true")
            .With("timeoutSeconds", Math.Max(1, (long)Math.Ceiling(query.Timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        return new Request("watch", HttpMethod.Get, url.Build()) { Accept = resource.MetadataOnly ? PartialObject : Request.Json };
    }

    /// <summary>Null: our own deadline passed before there was an answer.</summary>
    private async Task<HttpResponseMessage?> OpenWatchAsync(
        Request request, HttpRequestMessage message, CancellationToken deadline, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await ExchangeAsync(_watches, request, message, feedClock: false, deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }

        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            throw await AnswerReader.ReadErrorAsync(response, request.ToString(), _time.GetUtcNow(), deadline);
        }
    }

    /// <summary>False: the stream ended, or our own deadline passed.</summary>
    private async ValueTask<bool> NextLineAsync(LineReader lines, Request request, CancellationToken deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.MoveNextAsync(deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
        catch (IOException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw ConnectionErrors.Broken(e, request, Server);
        }
        catch (HttpRequestException e)
        {
            throw ConnectionErrors.From(e, request, Server);
        }
    }

    /// <summary>The event, or null for one that is left out.</summary>
    private WatchEvent<T>? Read<T>(KubeKind<T> kind, ReadOnlyMemory<byte> bytes, bool cutOff, Request request)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        WatchLine line = default;
        try
        {
            line = WatchLine.Split(bytes);
            WatchEventType? type = line.Type switch
            {
                "ADDED" => WatchEventType.Added,
                "MODIFIED" => WatchEventType.Modified,
                "DELETED" => WatchEventType.Deleted,
                "BOOKMARK" => WatchEventType.Bookmark,
                "ERROR" => throw AnswerReader.FromWatchError(line.Object.Span, request.ToString()),
                _ => null,
            };
            if (type is { } known) return new WatchEvent<T>(known, line.Decode(kind.Json));
            Skip(kind.Resource, line, new JsonException($"unknown event type '{line.Type}'"));
        }
        catch (Exception e) when (Decoding.IsDecodeError(e))
        {
            // The stream ended inside this event: the watch that goes on from the last version brings it again, whole.
            if (!cutOff) Skip(kind.Resource, line, e);
        }

        return null;
    }

    private void Skip(ResourceType resource, WatchLine line, Exception error) =>
        _options.OnSkipped?.Invoke(new SkippedObject(resource.ToString(), line.Object.IsEmpty ? null : Decoding.KeyOf(line.Object), error));
}
