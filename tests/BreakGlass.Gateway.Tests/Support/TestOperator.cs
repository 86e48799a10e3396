using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using BreakGlass.Core.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using TestKit;

namespace BreakGlass.Gateway.Tests;

/// <summary>A server that stands for the operator to which the gateway reports, and keeps what it was sent. It accepts every client.</summary>
internal sealed class TestOperator : IAsyncDisposable
{
    /// <summary>The name in its certificate.</summary>
    public const string Name = "breakglass-operator-gateway.breakglass-system.svc";

    private readonly WebApplication _app;
    private int _connections;
    private int _code = 200;

    private TestOperator(TestAuthority authority)
    {
        var (certificate, key) = authority.Server(Name);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Use(next => async connection =>
            {
                Interlocked.Increment(ref _connections);
                await next(connection);
            });
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = X509Certificate2.CreateFromPem(certificate, key), ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                ClientCertificateValidation = (_, _, _) => true, HandshakeTimeout = Eventually.Limit,
            });
        }));
        _app = builder.Build();
        _app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync(context.RequestAborted);
            if (Hangs) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            var code = Code; // once: a test may set another one meanwhile
            context.Response.StatusCode = code;
            Posts.Enqueue(new(context.Request.Path + context.Request.QueryString, body, context.Connection.ClientCertificate, code));
        });
    }

    /// <summary>What it answers.</summary>
    public int Code
    {
        get => Volatile.Read(ref _code);
        set => Volatile.Write(ref _code, value);
    }

    /// <summary>Whether it reads, and never answers.</summary>
    public bool Hangs { get; set; }

    /// <summary>How many connections were opened.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>What it was sent.</summary>
    public ConcurrentQueue<Post> Posts { get; } = new();

    /// <summary>The events that it has taken, in their order. A post whose answer came too late is sent again as it was.</summary>
    public IReadOnlyList<JsonNode> Events =>
        [.. Posts.Where(p => p.Code == 200).DistinctBy(p => (p.Path, p.Body)).SelectMany(p => JsonNode.Parse(p.Body)!["items"]!.AsArray()).Select(e => e!)];

    /// <summary>The events of one stage that say more than that a grant is used.</summary>
    public IReadOnlyList<JsonNode> Of(string stage) =>
        [.. Events.Where(e => (string?)e["stage"] == stage && e["annotations"]![GatewayReports.Activity] is null)];

    /// <summary>The events that only say that a grant is used.</summary>
    public IReadOnlyList<JsonNode> Activity => [.. Events.Where(e => e["annotations"]![GatewayReports.Activity] is not null)];

    /// <summary>Where it is.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<TestOperator> StartAsync(TestAuthority authority)
    {
        var started = new TestOperator(authority);
        await started._app.StartAsync();
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    /// <summary>One post.</summary>
    internal sealed record Post(string Path, string Body, X509Certificate2? Certificate, int Code);
}
