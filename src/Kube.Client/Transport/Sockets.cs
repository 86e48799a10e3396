using System.Net.Sockets;

namespace Kube.Client;

/// <summary>Sets up the HTTP stack.</summary>
internal static class Sockets
{
    public static SocketsHttpHandler NewHandler(
        ClusterConnection connection, TlsMaterial tls, SslStreamCertificateContext? identity, KubeClientOptions options) => new()
    {
        AllowAutoRedirect = false, // a redirect would carry the credentials to wherever it points
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.ConnectTimeout,
        // client-go's figures: a connection that is silent for 30 s is asked, and given up 15 s later.
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        EnableMultipleHttp2Connections = true,
        SslOptions = TlsOptions(connection, tls, identity),
        Proxy = connection.Proxy is { } proxy ? ProxyOf(proxy) : EnvironmentProxy.Real(),
    };

    /// <summary>The same for requests of others: what they carry stays as it is, and nothing is added.</summary>
    public static SocketsHttpHandler NewForwardingHandler(ClusterConnection connection, TlsMaterial tls, KubeClientOptions options)
    {
        var handler = NewHandler(connection, tls, identity: null, options);
        handler.ActivityHeadersPropagator = null; // a traceparent of this process would replace the request's own
        handler.RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1; // each byte is kept
        handler.ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1;
        handler.ConnectCallback = ConnectAsync;

        // The default is one second. After that, a proxy reads the body and so tells the client to send it, before a slow server has answered.
        handler.Expect100ContinueTimeout = options.ContinueTimeout;
        return handler;
    }

    /// <summary>A peer that is gone without a word is noticed within a minute, also if nothing is sent, as in a shell over an upgraded connection.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static WebProxy ProxyOf(Uri proxy)
    {
        var web = new WebProxy(proxy);
        if (proxy.UserInfo.Length > 0)
        {
            var parts = proxy.UserInfo.Split(':', 2);
            web.Credentials = new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
        }

        return web;
    }

    /// <summary>
    /// A custom authority is a chain policy, not a callback: the platform goes on checking host name and dates itself (CVE-2025-9708 is what
    /// a callback leads to).
    /// </summary>
    private static SslClientAuthenticationOptions TlsOptions(ClusterConnection connection, TlsMaterial tls, SslStreamCertificateContext? identity)
    {
        var ssl = new SslClientAuthenticationOptions { ClientCertificateContext = identity ?? tls.Identity };
        if (connection.InsecureSkipTlsVerify)
        {
            // Asked for in so many words. No policy can waive the host name check, so here, and only here, it is a callback.
#pragma warning disable CA5359 // it is what insecure-skip-tls-verify means
            ssl.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (tls.Authorities is { } authorities)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck, // cluster authorities publish no revocation lists
                DisableCertificateDownloads = true,
                VerificationTimeIgnored = true, // judge dates at the handshake, not when this was made
            };
            policy.CustomTrustStore.AddRange(authorities);
            ssl.CertificateChainPolicy = policy;
        }

        return ssl;
    }
}
