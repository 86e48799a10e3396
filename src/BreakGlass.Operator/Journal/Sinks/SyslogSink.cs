using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>
/// Sends entries to a syslog server. Syslog has no answers, and what was written to a connection may never be read. So each batch has its own connection,
/// which this side closes first: a server that has read all of it closes its side too, and one that stopped before resets the connection. A server that does
/// not want this client closes at once, some without a word (rsyslog, if it misses a certificate): a connection that ends on its own has delivered nothing.
/// </summary>
internal static class SyslogSink
{
    /// <summary>How long a connection must stay open after everything was written. A server that does not want this client needs less to close it.</summary>
    internal static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);

    /// <summary>Sends a batch.</summary>
    public static async ValueTask<DeliveryAnswer> SendAsync(
        SyslogServer server, SinkBatch batch, string host, TimeProvider time, CancellationToken cancellationToken)
    {
        using var frames = new MemoryStream();
        foreach (var copy in batch.Copies) frames.Write(SyslogMessage.Frame(copy, host, ThisVersion.Text));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port, cancellationToken);
        await using var network = new NetworkStream(socket, ownsSocket: false);
        await using var tls = server.UsesTls ? await StartTlsAsync(server, network, cancellationToken) : null;
        Stream stream = tls is null ? network : tls;

        await stream.WriteAsync(frames.ToArray(), cancellationToken);
        var end = ReadToEndAsync(stream, cancellationToken);
        await Task.WhenAny(end, Task.Delay(Settling, time, cancellationToken));
        if (end.IsCompleted)
        {
            await end;
            throw new IOException("The server closed the connection.");
        }

        if (tls is not null) await tls.ShutdownAsync().WaitAsync(cancellationToken);
        socket.Shutdown(SocketShutdown.Send);
        await end;
        return DeliveryAnswer.Taken;
    }

    /// <summary>The authorities in a file.</summary>
    public static X509Certificate2Collection Authorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(File.ReadAllText(file));
        return authorities;
    }

    /// <summary>The client certificate in two files.</summary>
    public static X509Certificate2 Certificate(string file, string keyFile) => X509Certificate2.CreateFromPemFile(file, keyFile);

    private static async Task<SslStream> StartTlsAsync(SyslogServer server, NetworkStream network, CancellationToken cancellationToken)
    {
        using var certificate = server is { CertificateFile: { } file, KeyFile: { } key } ? Certificate(file, key) : null;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = server.Host,
            ClientCertificates = certificate is null ? null : [certificate],
        };
        if (server.CaFile is { } authorities)
        {
            options.CertificateChainPolicy = new()
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck, // a company's own authority publishes no revocation list that a pod can reach
                DisableCertificateDownloads = true,
                VerificationTimeIgnored = true, // judge dates at the handshake, not when this was made
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(Authorities(authorities));
        }

        var tls = new SslStream(network, leaveInnerStreamOpen: true);
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return tls;
        }
        catch (Exception)
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static async Task ReadToEndAsync(Stream stream, CancellationToken cancellationToken)
    {
        var nothing = new byte[1024];
        while (await stream.ReadAsync(nothing, cancellationToken) > 0)
        {
            // Syslog servers send nothing.
        }
    }
}
