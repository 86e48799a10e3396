using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Kube.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TestKit;

namespace BreakGlass.Gateway.Tests;

/// <summary>A server that stands for the API server behind the gateway, and keeps what it was asked.</summary>
internal sealed class TestUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestAuthority _authority;

    private TestUpstream(TestAuthority authority)
    {
        _authority = authority;
        var (certificate, key) = authority.Server();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(server =>
        {
            server.Limits.MaxRequestBodySize = null;
            server.Limits.MinResponseDataRate = null;
            server.Limits.MinRequestBodyDataRate = null;
            server.RequestHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
            server.Limits.RequestHeadersTimeout = Eventually.Limit;
            server.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(
                X509Certificate2.CreateFromPem(certificate, key), https => https.HandshakeTimeout = Eventually.Limit));
        });
        _app = builder.Build();
        _app.Run(async context =>
        {
            Seen.Enqueue(new(
                context.Request.Method, context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget,
                context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await Handler(context);
        });
    }

    /// <summary>What it answers.</summary>
    public RequestDelegate Handler { get; set; } = context => context.Response.WriteAsync("ok");

    /// <summary>What it was asked.</summary>
    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    /// <summary>How to reach it.</summary>
    public ClusterConnection Connection => new() { Server = Address, CertificateAuthority = PemSource.FromPem(_authority.Pem) };

    private Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<TestUpstream> StartAsync(TestAuthority authority)
    {
        var upstream = new TestUpstream(authority);
        await upstream._app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
