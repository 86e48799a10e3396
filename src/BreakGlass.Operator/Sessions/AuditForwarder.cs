using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// <c>breakglass-operator forward-audit</c>: posts the lines of an audit log to an operator, on a node whose API server writes a log and posts no events. The
/// position is kept in a file, and moves only past what was answered.
/// </summary>
internal sealed class AuditForwarder(LogTail tail, string positionFile, HttpClient http, Uri to, Func<string> token, TimeProvider time, ILogger logger)
{
    /// <summary>The most bytes of one post.</summary>
    public const int MostBytes = 1024 * 1024;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A client for one address.</summary>
    /// <param name="authorities">The file with its authorities (PEM); null for those of the machine.</param>
    /// <param name="name">The name in its certificate; null for the address itself.</param>
    public static HttpClient Client(string? authorities, string? name)
    {
        var tls = new SslClientAuthenticationOptions();
        if (authorities is not null)
        {
            tls.CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authorities);
        }

        var client = new HttpClient(new SocketsHttpHandler { SslOptions = tls, UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

        // The handler compares the certificate with the host that requests name, whatever the options say.
        if (name is not null) client.DefaultRequestHeaders.Host = name;
        return client;
    }

    /// <summary>Forwards until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var position = File.Exists(positionFile) ? LogPosition.Parse(await File.ReadAllTextAsync(positionFile, cancellationToken)) : null;
        var pause = Poll;
        while (!cancellationToken.IsCancellationRequested)
        {
            var next = tail.Next(position, out var isLost);
            if (isLost) logger.AuditLogLost();
            if (next is var (lines, after) && await PostAsync(lines, cancellationToken))
            {
                position = after;
                Save(position);
                pause = Poll;
                continue;
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = next is null ? Poll : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    /// <summary>Posts lines; those of a batch that is refused one by one, so that one line that is no event holds up no other.</summary>
    private async Task<bool> PostAsync(byte[] lines, CancellationToken cancellationToken)
    {
        if (lines.Length == 0) return true;
        var answer = await SendAsync(lines, cancellationToken);
        if (answer is not (HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)) return answer is HttpStatusCode.OK;
        for (var start = 0; start < lines.Length;)
        {
            var end = start + lines.AsSpan(start).IndexOf((byte)'\n') + 1;
            var one = await SendAsync(lines[start..end], cancellationToken);
            if (one is HttpStatusCode.BadRequest) logger.AuditLineRefused();
            else if (one is not HttpStatusCode.OK) return false;
            start = end;
        }

        return true;
    }

    private async Task<HttpStatusCode?> SendAsync(byte[] lines, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, to) { Content = new ByteArrayContent(lines) };
            request.Content.Headers.ContentType = new("application/x-ndjson");
            request.Headers.Authorization = new("Bearer", token());
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.BadRequest)) logger.AuditNotForwarded($"HTTP {(int)answer.StatusCode}");
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            logger.AuditNotForwarded(e.Message);
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    // Whole or not at all.
    private void Save(LogPosition position)
    {
        File.WriteAllText(positionFile + ".new", $"{position}\n");
        File.Move(positionFile + ".new", positionFile, overwrite: true);
    }
}
