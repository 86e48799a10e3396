using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Kube.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Integration;

/// <summary>
/// Stands between the operator and the API server and kills the operator by SIGKILL at one write: the API server has carried the write out, and the
/// operator never hears of it. Nothing that the operator sends afterwards is passed on. So a death at any stage is the same in every run. It can also
/// alter the time that answers state.
/// </summary>
internal sealed class KillingProxy : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly X509Certificate2 _certificate;
    private readonly HttpClient _http;
    private readonly Uri _server;
    private readonly Regex _deadly;
    private readonly TaskCompletionSource<string> _struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, int> _connections = new(StringComparer.Ordinal);
    private int _left;
    private bool _counts = true;

    private KillingProxy(ClusterConnection connection, string deadly, int nth)
    {
        (_server, _deadly, _left) = (connection.Server, new(deadly, RegexOptions.NonBacktracking), nth);
        _certificate = SelfSigned();
        _http = new(new SocketsHttpHandler { UseProxy = false, SslOptions = Trusting(connection.CertificateAuthority!.Read()) }) { Timeout =
            Timeout.InfiniteTimeSpan };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate).Protocols = HttpProtocols.Http1AndHttp2));
        _web = builder.Build();
        _web.Run(ForwardAsync);
    }

    /// <summary>Whom to kill.</summary>
    public RunningOperator? Victim { get; set; }

    /// <summary>Whether writes are counted; a test of what happens later sets it to false first. Requests that are under way stay as they were.</summary>
    public bool Counts
    {
        get => Volatile.Read(ref _counts);
        set => Volatile.Write(ref _counts, value);
    }

    /// <summary>By how much the Date of an answer over a connection, which is named by its number from 0, is off; null for none.</summary>
    public Func<int, TimeSpan>? DateIsOffBy { get; set; }

    /// <summary>The write at which it struck.</summary>
    public Task<string> Struck => _struck.Task;

    /// <summary>The operator's own kubeconfig, but for the server: this proxy.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>Options that make the operator put the API server's own address into what it delivers.</summary>
    public required string[] Options { get; init; }

    /// <param name="deadly">Matches method and path, e.g. <c>POST .*/secrets$</c>.</param>
    /// <param name="nth">Which of the successful requests that match.</param>
    public static async Task<KillingProxy> StartAsync(TestCluster cluster, string deadly, int nth = 1)
    {
        var connection = ClusterConnection.FromKubeconfig(cluster.OperatorKubeconfig);
        var file = Path.Combine(cluster.ControlPlane.Directory, $"proxied-{Guid.NewGuid():N}.kubeconfig");
        var proxy = new KillingProxy(connection, deadly, nth)
        {
            Kubeconfig = file,
            Options = [$"--public-server={connection.Server}", $"--public-ca-file={cluster.ControlPlane.CaCertificate}"],
        };
        await proxy._web.StartAsync();
        var ca = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(proxy._certificate.ExportCertificatePem()));
        await File.WriteAllTextAsync(file, $$"""
            apiVersion: v1
            kind: Config
            current-context: proxied
            clusters:
            - name: proxied
              cluster: {server: "{{proxy._web.Urls.Single()}}", certificate-authority-data: "{{ca}}"}
            users:
            - name: operator
              user: {token: "{{connection.Token}}"}
            contexts:
            - name: proxied
              context: {cluster: proxied, user: operator}
            """);
        return proxy;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        _http.Dispose();
        _certificate.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        try
        {
            using var message = await CopyAsync(context.Request, context.RequestAborted);
            if (_struck.Task.IsCompleted || Volatile.Read(ref _left) <= 0)
            {
                context.Abort();
                return;
            }

            var counts = Counts;
            using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            var what = $"{context.Request.Method} {context.Request.Path}";
            if (counts && answer.IsSuccessStatusCode && _deadly.IsMatch(what) && Interlocked.Decrement(ref _left) == 0)
            {
                await Victim!.KillAsync();
                _struck.TrySetResult(what);
                context.Abort();
                return;
            }

            await CopyAsync(answer, context.Response, DateIsOffBy?.Invoke(NumberOf(context.Connection.Id)) ?? TimeSpan.Zero, context.RequestAborted);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            // The operator is dead, or the cluster ends: nobody waits for the answer.
            context.Abort();
        }
        catch (TimeoutException e)
        {
            _struck.TrySetException(e);
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

    private int NumberOf(string connection)
    {
        lock (_connections)
        {
            if (!_connections.TryGetValue(connection, out var number)) _connections[connection] = number = _connections.Count;
            return number;
        }
    }

    private static async Task CopyAsync(HttpResponseMessage answer, HttpResponse response, TimeSpan off, CancellationToken cancellationToken)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is not ("Transfer-Encoding" or "Connection" or "Content-Length")) response.Headers[name] = values.ToArray();
        }

        if (off != TimeSpan.Zero && answer.Headers.Date is { } date)
        {
            response.Headers.Date = (date + off).ToString("r", System.Globalization.CultureInfo.InvariantCulture);
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        for (int read; (read = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            // A watch's events are not held back.
            await response.Body.FlushAsync(cancellationToken);
        }

        await response.CompleteAsync();
    }

    private static SslClientAuthenticationOptions Trusting(string authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(authority);
        return new() { CertificateChainPolicy = policy };
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=killing proxy", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
