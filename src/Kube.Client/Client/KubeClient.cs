namespace Kube.Client;

/// <summary>
/// Talks to one Kubernetes API server. Thread-safe; one for a process, because it holds the connections.
/// </summary>
/// <remarks>
/// Every call has a deadline (<see cref="KubeClientOptions.RequestTimeout"/>) and throws <see cref="KubeApiException"/> where the server says no,
/// <see cref="KubeConnectionException"/> where there is no answer, <see cref="KubeConfigException"/> where the credentials cannot be had, and
/// <see cref="OperationCanceledException"/> where the caller cancelled. Watches run over connections of their own, so that one stalled
/// by a flood of events holds up nothing else.
/// </remarks>
public sealed partial class KubeClient : IDisposable
{
    private readonly HttpClient _requests;
    private readonly HttpClient _watches;
    private readonly HttpMessageHandler? _callersTransport;
    private readonly ClusterAccess? _access;
    private readonly bool _ownsAccess;
    private readonly KubeClientOptions _options;
    private readonly TimeProvider _time;
    private readonly RetryPolicy _retry;
    private readonly Uri _root;

    /// <summary>A client with connections of its own to the cluster.</summary>
    /// <exception cref="KubeConfigException">The certificates of the connection cannot be used.</exception>
    public KubeClient(ClusterConnection connection, TimeProvider time, KubeClientOptions? options = null)
        : this(new ClusterAccess(connection, time, options ?? new()), null, connection.Server, new ServerClock(), time, options ?? new())
    {
        _ownsAccess = true;
    }

    /// <summary>A client over a transport of the caller's, who also disposes of it.</summary>
    public KubeClient(HttpMessageHandler handler, Uri server, TimeProvider time, KubeClientOptions? options = null)
        : this(null, handler, server, new ServerClock(), time, options ?? new())
    {
    }

    private KubeClient(ClusterAccess? access, HttpMessageHandler? callersTransport, Uri server, ServerClock clock, TimeProvider time,
        KubeClientOptions options)
    {
        _access = access;
        _callersTransport = callersTransport;
        _options = options;
        _time = time;
        _retry = new RetryPolicy(options, time);
        _root = UrlBuilder.RootOf(server);
        Server = server;
        Clock = clock;
        _requests = NewHttpClient();
        _watches = NewHttpClient();
    }

    /// <summary>The API server's address.</summary>
    public Uri Server { get; }

    /// <summary>What the API server's clock says.</summary>
    public ServerClock Clock { get; }

    /// <summary>
    /// A client for the same cluster, identity and <see cref="Clock"/> over connections of its own: lease renewal must not wait behind
    /// anything else. Dispose of it before this one. Over a transport of the caller's it shares that transport.
    /// </summary>
    public KubeClient WithOwnConnection(KubeClientOptions? options = null) =>
        new(_access, _callersTransport, Server, Clock, _time, options ?? _options);

    /// <summary>
    /// A client with this one's identity for one API server of the same cluster, by its own address. Its certificate is verified for the name or address that
    /// this client connects to, which every API server's certificate holds.
    /// </summary>
    /// <exception cref="KubeConfigException">The certificates of the connection cannot be used.</exception>
    public KubeClient At(Uri server, TimeSpan deadline)
    {
        var options = _options with { RequestTimeout = deadline, ConnectTimeout = deadline, MaxTries = 1 };
        return _access is { Connection: var connection }
            ? new(connection with { Server = server, TlsServerName = connection.TlsServerName ?? Server.IdnHost }, _time, options)
            : new(_callersTransport!, server, _time, options);
    }

    /// <summary>
    /// A client for the same cluster that is somebody else, by a bearer token, over connections of its own. Over a transport of the caller's it shares that
    /// transport.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="deadline">The deadline of each call, which is tried once; null for the deadline and the tries of this client.</param>
    /// <exception cref="KubeConfigException">The certificates of the connection cannot be used.</exception>
    public KubeClient As(string token, TimeSpan? deadline = null)
    {
        var options = deadline is { } most ? _options with { RequestTimeout = most, MaxTries = 1 } : _options;
        if (_access is { Connection: var connection })
        {
            return new(
                connection with
                {
                    Token = token, TokenFile = null, ClientCertificate = null, ClientKey = null, Username = null, Password = null, Exec = null,
                    Impersonate = null,
                }, _time, options);
        }

        var other = new KubeClient(_callersTransport!, Server, _time, options);
        other._requests.DefaultRequestHeaders.Authorization = other._watches.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return other;
    }

    /// <summary>The same client with another deadline for each call, over connections of its own. Dispose of it before this one.</summary>
    public KubeClient WithDeadline(TimeSpan deadline) => WithOwnConnection(_options with { RequestTimeout = deadline });

    /// <summary>The same client with <see cref="KubeClientOptions.DryRun"/>. Dispose of it before this one.</summary>
    public KubeClient Rehearsing() => WithOwnConnection(_options with { DryRun = true });

    /// <summary>
    /// A client for the same cluster over connections of its own that sends writes only as long as it may. Dispose of it before this one, and what is
    /// under way over it fails.
    /// </summary>
    public KubeClient Fenced(Func<bool> mayWrite) => WithOwnConnection(_options with { MayWrite = mayWrite });

    /// <summary>Closes the connections; calls and watches under way fail.</summary>
    public void Dispose()
    {
        _requests.Dispose();
        _watches.Dispose();
        if (_ownsAccess) _access?.Dispose();
    }

    private HttpClient NewHttpClient()
    {
        var handler = _callersTransport ?? new ClusterHandler(_access!, _options);
        // HttpClient's own timeout (100 s) would also cut watches; deadlines are per call here.
        var client = new HttpClient(handler, disposeHandler: _callersTransport is null) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        return client;
    }

    private async Task<TResult> SendAsync<TResult>(
        Request request, Func<HttpResponseMessage, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // A credential plugin may ask a person to log in: that is not the API server's time.
        if (_access is not null) await _access.PrepareAsync(cancellationToken);
        using var deadline = new CancellationTokenSource(_options.RequestTimeout, _time);
        await using var caller = cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), deadline);
        try
        {
            return await _retry.RunAsync(request, (client: this, read), static (s, r, ct) => s.client.TryOnceAsync(r, s.read, ct), deadline.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && deadline.IsCancellationRequested)
        {
            throw ConnectionErrors.TimedOut(e, request, Server, _options.RequestTimeout);
        }
    }

    private async ValueTask<TResult> TryOnceAsync<TResult>(
        Request request, Func<HttpResponseMessage, CancellationToken, ValueTask<TResult>> read, CancellationToken cancellationToken)
    {
        if (request.IsWrite && _options.MayWrite?.Invoke() is false) throw ConnectionErrors.Withheld(request, Server);
        using var message = request.ToMessage();
        using var response = await ExchangeAsync(_requests, request, message, feedClock: true, cancellationToken);
        if (!response.IsSuccessStatusCode) throw await AnswerReader.ReadErrorAsync(response, request.ToString(), _time.GetUtcNow(), cancellationToken);
        try
        {
            return await read(response, cancellationToken);
        }
        catch (IOException e)
        {
            throw ConnectionErrors.Broken(e, request, Server);
        }
        catch (HttpRequestException e)
        {
            throw ConnectionErrors.From(e, request, Server);
        }
        catch (JsonException e)
        {
            throw ConnectionErrors.BadAnswer(e, request, Server);
        }
    }

    /// <summary>Sends and waits for the headers; counts the request whatever comes.</summary>
    private async Task<HttpResponseMessage> ExchangeAsync(
        HttpClient http, Request request, HttpRequestMessage message, bool feedClock, CancellationToken cancellationToken)
    {
        var sent = _time.GetUtcNow();
        var started = _time.GetTimestamp();
        int? code = null;
        try
        {
            var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            code = (int)response.StatusCode;
            // A proxy may hold back a watch's headers until the first event, which would look like skew; and what it answers by itself has its own date.
            if (feedClock && AnswerReader.IsJson(response))
            {
                Clock.Observe(response.Headers.Date, (sent, started), (_time.GetUtcNow(), _time.GetTimestamp()), http);
            }

            return response;
        }
        catch (HttpRequestException e)
        {
            throw ConnectionErrors.From(e, request, Server);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested && e.InnerException is TimeoutException)
        {
            throw ConnectionErrors.ConnectTimedOut(e, request, Server);
        }
        finally
        {
            ClientMetrics.Count(request, code, _time.GetElapsedTime(started));
        }
    }

    private static async ValueTask<T> ReadJsonAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> json, CancellationToken cancellationToken)
        where T : class
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using (stream)
        {
            return await JsonSerializer.DeserializeAsync(stream, json, cancellationToken) ?? throw new JsonException("the answer is null");
        }
    }
}
