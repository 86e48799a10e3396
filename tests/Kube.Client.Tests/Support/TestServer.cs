using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Kube.Client.Tests;

/// <summary>A real HTTPS server on loopback, in this process, speaking HTTP/2 and HTTP/1.1.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, bool> _connections = new(StringComparer.Ordinal);

    private TestServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single().Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal));

    public int Port => Address.Port;

    /// <summary>How many connections brought a request so far.</summary>
    public int Connections => _connections.Count;

    public static async Task<TestServer> StartAsync(
        X509Certificate2 certificate, RequestDelegate handle, bool askForClientCertificate = false, HttpProtocols protocols = HttpProtocols.Http1AndHttp2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = certificate;
                https.HandshakeTimeout = TimeSpan.FromMinutes(2);
                https.ClientCertificateMode = askForClientCertificate ? ClientCertificateMode.AllowCertificate : ClientCertificateMode.NoCertificate;
                if (askForClientCertificate) https.AllowAnyClientCertificate();
            });
        }));
        var app = builder.Build();
        var server = new TestServer(app);
        app.Run(context =>
        {
            server._connections[context.Connection.Id] = true;
            return handle(context);
        });
        await app.StartAsync();
        return server;
    }

    /// <summary>Stops as an API server does that is shut down: GOAWAY, then what runs may end.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _app.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    public static async Task WriteAsync(HttpContext context, string json, int code = 200)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    public static Task WriteNamespaceAsync(HttpContext context) => WriteAsync(context, StubHandler.NamespaceJson("x"));
}
