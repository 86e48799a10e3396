namespace Kube.Client;

/// <summary>
/// Authenticates requests and keeps the connections. When certificates change, new requests go over new connections; what runs on the old
/// ones finishes there.
/// </summary>
/// <param name="access">Whose credentials.</param>
/// <param name="options">How the connections behave.</param>
/// <param name="keepsAuthorization">Whether requests keep the credential that they carry, and get none from here.</param>
internal sealed class ClusterHandler(ClusterAccess access, KubeClientOptions options, bool keepsAuthorization = false) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private Connections? _current;
    private bool _disposed;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (keepsAuthorization) return await SendOnceAsync(request, Credential.None, cancellationToken);
        var credential = await access.Credentials.GetAsync(cancellationToken);
        var response = await SendOnceAsync(request, credential, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized) return response;
        // A 401 means that the server did nothing, so any verb may be sent again: once, and only with another credential.
        if (!await access.Credentials.RefreshAsync(credential, cancellationToken)) return response;
        response.Dispose();
        return await SendOnceAsync(request, await access.Credentials.GetAsync(cancellationToken), cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Connections? last;
            lock (_gate)
            {
                _disposed = true;
                last = _current;
                _current = null;
            }

            last?.Release();
        }

        if (disposing && keepsAuthorization) access.Dispose();
        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, Credential credential, CancellationToken cancellationToken)
    {
        if (!keepsAuthorization) request.Headers.Authorization = credential.Header;
        if (access.Connection.TlsServerName is { } name) request.Headers.Host = name; // the stack takes the name to verify from here
        if (access.Connection.Impersonate is { } who) Impersonate(request, who);
        var connections = Take(access.Tls, credential.Certificate);
        try
        {
            return await connections.Invoker.SendAsync(request, cancellationToken);
        }
        finally
        {
            connections.Release();
        }
    }

    private Connections Take(TlsMaterial tls, SslStreamCertificateContext? identity)
    {
        Connections? old = null;
        Connections current;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_current is null || _current.Tls != tls || _current.Identity != identity)
            {
                old = _current;
                var handler = keepsAuthorization
                    ? Sockets.NewForwardingHandler(access.Connection, tls, options) : Sockets.NewHandler(access.Connection, tls, identity, options);
                _current = new Connections(tls, identity, handler);
            }

            current = _current;
            current.Use();
        }

        old?.Release();
        return current;
    }

    private static void Impersonate(HttpRequestMessage request, Impersonation who)
    {
        if (request.Headers.Contains("Impersonate-User")) return; // the second try after a 401
        request.Headers.TryAddWithoutValidation("Impersonate-User", who.User);
        if (who.Uid is { } uid) request.Headers.TryAddWithoutValidation("Impersonate-Uid", uid);
        foreach (var group in who.Groups) request.Headers.TryAddWithoutValidation("Impersonate-Group", group);
        foreach (var (key, values) in who.Extra)
        {
            request.Headers.TryAddWithoutValidation("Impersonate-Extra-" + Uri.EscapeDataString(key.ToLowerInvariant()), values);
        }
    }

    /// <summary>
    /// The connections made with one set of certificates. Disposing of the handler closes what is idle and lets running streams end, but a
    /// request not yet sent would fail; hence the count.
    /// </summary>
    private sealed class Connections(TlsMaterial tls, SslStreamCertificateContext? identity, SocketsHttpHandler handler)
    {
        private int _users = 1; // one for being current

        public TlsMaterial Tls => tls;

        public SslStreamCertificateContext? Identity => identity;

        public HttpMessageInvoker Invoker { get; } = new(handler, disposeHandler: true);

        public void Use() => Interlocked.Increment(ref _users);

        public void Release()
        {
            if (Interlocked.Decrement(ref _users) == 0) Invoker.Dispose();
        }
    }
}
