using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Soak.Site;

/// <summary>The way from one replica to the API server: a connection on it can go silent, and the time that the answers state can be altered.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly X509Certificate2 _certificate;
    private readonly HttpClient _http;
    private readonly Uri _server;
    private readonly Relay _relay;
    private readonly ConcurrentDictionary<HttpContext, (string Path, int From)> _watches = new();
    private TimeSpan _shift;
    private int _shifted;

    private Wire(TestKit.ControlPlane cluster)
    {
        _server = cluster.Server;
        _certificate = Authority.Certificate(cluster);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(cluster.CaCertificate);
        _http = new(
            new SocketsHttpHandler { UseProxy = false, SslOptions = new() { CertificateChainPolicy = policy } }) { Timeout = Timeout.InfiniteTimeSpan };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate).Protocols = HttpProtocols.Http1AndHttp2);
        });
        _web = builder.Build();
        _web.Run(ForwardAsync);
        _relay = new(() => [new Uri(_web.Urls.Single()).Port]);
    }

    /// <summary>Where the replica finds the API server.</summary>
    public string Address => $"https://127.0.0.1:{_relay.Port.ToString(CultureInfo.InvariantCulture)}";

    public static async Task<Wire> StartAsync(TestKit.ControlPlane cluster)
    {
        var wire = new Wire(cluster);
        await wire._web.StartAsync();
        return wire;
    }

    /// <summary>The next answers state another time than the server's own.</summary>
    public void ShiftDates(TimeSpan by, int answers)
    {
        _shift = by;
        Volatile.Write(ref _shifted, answers);
    }

    /// <summary>Answers state the right time again.</summary>
    public void StopShifting() => Volatile.Write(ref _shifted, 0);

    /// <summary>The connection that carries one of the open watches goes silent, for good; says which watches that concerns.</summary>
    public IReadOnlyList<string> SilenceOneWatch(Random random)
    {
        var watches = _watches.Values.OrderBy(w => w.Path, StringComparer.Ordinal).ToList();
        if (watches.Count == 0) return [];
        var from = watches[random.Next(watches.Count)].From;
        _relay.Silence(from);
        return [.. watches.Where(w => w.From == from).Select(w => w.Path)];
    }

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _web.DisposeAsync();
        _http.Dispose();
        _certificate.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        try
        {
            var (query, cancellationToken) = (context.Request.QueryString.Value ?? "", context.RequestAborted);
            if (query.Contains("watch=", StringComparison.Ordinal)) _watches[context] = (context.Request.Path, context.Connection.RemotePort);
            using var message = await CopyAsync(context.Request, cancellationToken);
            using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await CopyAsync(answer, context.Response, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException or InvalidOperationException)
        {
            context.Abort();
        }
        finally
        {
            _watches.TryRemove(context, out _);
        }
    }

    private async Task<HttpRequestMessage> CopyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(_server, $"{request.Path.ToUriComponent()}{request.QueryString}"));
        if (body.Length > 0) message.Content = new ByteArrayContent(body.ToArray());
        foreach (var (name, values) in request.Headers)
        {
            if (name.StartsWith(':') || name is "Host" or "Content-Length" or "Connection" or "Transfer-Encoding") continue;
            if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!))
                message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values!);
        }

        return message;
    }

    private async Task CopyAsync(HttpResponseMessage answer, HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is not ("Transfer-Encoding" or "Connection" or "Content-Length")) response.Headers[name] = values.ToArray();
        }

        if (answer.Headers.Date is { } date && Volatile.Read(ref _shifted) > 0 && Interlocked.Decrement(ref _shifted) >= 0)
        {
            response.Headers.Date = (date + _shift).ToString("r", CultureInfo.InvariantCulture);
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        for (int read; (read = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
        }

        await response.CompleteAsync();
    }
}
