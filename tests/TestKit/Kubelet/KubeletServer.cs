using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TestKit.Kubelet.Spdy;

namespace TestKit.Kubelet;

/// <summary>The HTTPS endpoint of the test kubelet, with the paths of a kubelet. It answers the API server only.</summary>
internal sealed class KubeletServer : IAsyncDisposable
{
    private const string ProtocolHeader = "X-Stream-Protocol-Version";
    private const string Spdy = "SPDY/3.1";
    private const string PortForwardProtocol = "portforward.k8s.io";

    // How long a client may take to close a connection on which everything was said.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_stop = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;
    private readonly KubeletCertificates _certificates;
    private readonly Func<string, string, TestPod?> _find;
    private readonly Action<KubeletSession> _opened;
    private readonly Signal _changed;
    private readonly IReadOnlyList<string> _webSockets;
    private readonly CancellationTokenSource _ending = new();

    private KubeletServer(
        WebApplication app, KubeletCertificates certificates, Func<string, string, TestPod?> find, Action<KubeletSession> opened, Signal changed,
        bool servesV5)
    {
        (_app, _certificates, _find, _opened, _changed) = (app, certificates, find, opened, changed);
        _webSockets = servesV5 ? StreamProtocols.WebSocketCommandsWithV5 : StreamProtocols.WebSocketCommands;
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        app.Run(AnswerAsync);
    }

    /// <summary>Where it listens on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>Starts it on a free port.</summary>
    /// <param name="find">Gives a pod by namespace and name.</param>
    /// <param name="opened">Called for each session before it begins.</param>
    /// <param name="changed">Raised when a session changes.</param>
    /// <param name="servesV5">Whether it serves the WebSocket protocol v5.</param>
    public static async Task<KubeletServer> StartAsync(
        KubeletCertificates certificates, Func<string, string, TestPod?> find, Action<KubeletSession> opened, Signal changed,
        bool servesV5, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // A client may be as slow as it wants to.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
            {
                https.ServerCertificate = certificates.Serving;

                // Asked for, and judged with each request: as a kubelet's answers, 401 and 403 say more than a TLS alert.
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            }));
        });
        var server = new KubeletServer(builder.Build(), certificates, find, opened, changed, servesV5);
        await server._app.StartAsync(cancellationToken);
        var address = server._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        server.Port = new Uri(address).Port;
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        using var patience = new CancellationTokenSource(s_stop, TimeProvider.System);
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _ending.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (Refusal(context.Connection.ClientCertificate) is { } refusal)
        {
            await SayAsync(context, refusal.Code, refusal.Reason);
            return;
        }

        // The UID of a pod may stand before the container.
        var path = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        await (path switch
        {
            ["healthz"] => SayAsync(context, StatusCodes.Status200OK, "ok"),
            ["exec" or "attach", var ns, var pod, var container] => CommandAsync(context, path[0], ns, pod, container),
            ["exec" or "attach", var ns, var pod, _, var container] => CommandAsync(context, path[0], ns, pod, container),
            ["portForward", var ns, var pod] => PortForwardAsync(context, ns, pod),
            ["portForward", var ns, var pod, _] => PortForwardAsync(context, ns, pod),
            ["containerLogs", var ns, var pod, var container] => LogAsync(context, ns, pod, container),
            _ => SayAsync(context, StatusCodes.Status404NotFound, "404 page not found"),
        });
    }

    private (int Code, string Reason)? Refusal(X509Certificate2? client) =>
        client is null || !_certificates.IsKnown(client) ? (StatusCodes.Status401Unauthorized, "Unauthorized")
        : client.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is var name and not KubeletCertificates.ApiServer
            ? (StatusCodes.Status403Forbidden, $"Forbidden (user={name})")
        : null;

    private async Task CommandAsync(HttpContext context, string kind, string ns, string podName, string containerName)
    {
        if (_find(ns, podName)?.Find(containerName) is not { } container)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, $"container {containerName} of pod {ns}/{podName} not found");
            return;
        }

        var query = context.Request.Query;
        var options = new CommandOptions([.. query["command"].Select(w => w ?? "")], query["input"] == "1", query["output"] == "1", query["error"] == "1",
            query["tty"] == "1");
        var command = new Commands(container, options);

        async Task RunAsync(KubeletSession session, CommandChannels channels)
        {
            try
            {
                await (kind == "exec" ? command.ExecAsync(session, channels) : command.AttachAsync(session, channels));
            }
            finally
            {
                session.End();
            }

            await FarewellAsync(channels.Closed);
        }

        KubeletSession Session(string protocol) => Open(kind, ns, podName, containerName, protocol, options.Command);

        if (context.WebSockets.IsWebSocketRequest)
        {
            var requested = context.WebSockets.WebSocketRequestedProtocols;
            var protocol = StreamProtocols.Choose(requested, _webSockets);
            if (protocol is null && requested.Count > 0)
            {
                await RefuseProtocolAsync(context, requested);
                return;
            }

            var socket = await context.WebSockets.AcceptWebSocketAsync(protocol);
            var session = Session($"WebSocket {protocol}".TrimEnd());
            using var channels = new WebSocketCommandChannels(socket, options, StreamProtocols.Version(protocol), _ending.Token);
            await channels.GreetAsync(options);
            await RunAsync(session, channels);
            return;
        }

        var offered = context.Request.Headers.GetCommaSeparatedValues(ProtocolHeader);
        var chosen = offered.Length == 0 ? "channel.k8s.io" : StreamProtocols.Choose(offered, StreamProtocols.SpdyCommands);
        await UpgradeAsync(context, chosen, offered, async connection =>
        {
            var session = Session($"{Spdy} {chosen}");
            var reading = connection.RunAsync(_ending.Token);
            var version = StreamProtocols.Version(chosen);
            if (await SpdyCommandChannels.OpenAsync(connection, options, version, reading) is { } channels) await RunAsync(session, channels);
            session.End();
            await connection.GoAwayAsync();
        });
    }

    private async Task PortForwardAsync(HttpContext context, string ns, string podName)
    {
        if (_find(ns, podName) is not { } pod)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, $"pod {ns}/{podName} not found");
            return;
        }

        var offered = context.Request.Headers.GetCommaSeparatedValues(ProtocolHeader);
        await UpgradeAsync(context, StreamProtocols.Choose(offered, [PortForwardProtocol]), offered, async connection =>
        {
            var session = Open("portForward", ns, podName, "", $"{Spdy} {PortForwardProtocol}", []);
            var reading = connection.RunAsync(_ending.Token);
            try
            {
                await new PortForwarding(pod, session).RunAsync(connection);
                await reading;
            }
            finally
            {
                session.End();
            }
        });
    }

    private async Task LogAsync(HttpContext context, string ns, string podName, string containerName)
    {
        if (_find(ns, podName)?.Find(containerName) is not { } container)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, $"container \"{containerName}\" in pod \"{podName}\" is not available");
            return;
        }

        var session = Open("containerLogs", ns, podName, containerName, context.Request.Protocol, []);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _ending.Token);
        try
        {
            context.Response.ContentType = "text/plain";
            await context.Response.StartAsync(either.Token);
            await container.Log.WriteAsync(context.Response.Body, LogOptions.Of(context.Request.Query), either.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            context.Abort();
        }
        finally
        {
            session.End();
        }
    }

    /// <summary>Makes the connection a SPDY one.</summary>
    private async Task UpgradeAsync(HttpContext context, string? protocol, IReadOnlyList<string> offered, Func<SpdyConnection, Task> serve)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade
            || !context.Request.Headers.Upgrade.Any(u => string.Equals(u, Spdy, StringComparison.OrdinalIgnoreCase)))
        {
            await SayAsync(context, StatusCodes.Status400BadRequest, $"unable to upgrade: the request must have the header Upgrade: {Spdy}");
            return;
        }

        if (protocol is null)
        {
            await RefuseProtocolAsync(context, offered);
            return;
        }

        context.Response.Headers.Upgrade = Spdy;
        if (offered.Count > 0) context.Response.Headers[ProtocolHeader] = protocol;
        using var connection = new SpdyConnection(await upgrade.UpgradeAsync());
        await serve(connection);
    }

    private KubeletSession Open(string kind, string ns, string pod, string container, string protocol, IReadOnlyList<string> command)
    {
        var session = new KubeletSession(kind, $"{ns}/{pod}", container, protocol, command, _changed);
        _opened(session);
        return session;
    }

    /// <summary>
    /// The client closes the connection when it has read everything. To close it before would lose what is on the way, if the client has sent something that
    /// was not read.
    /// </summary>
    private async Task FarewellAsync(Task closed)
    {
        try
        {
            await closed.WaitAsync(s_farewell, TimeProvider.System, _ending.Token);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // It is closed from this side.
        }
    }

    private static Task RefuseProtocolAsync(HttpContext context, IEnumerable<string> offered) => SayAsync(
        context, StatusCodes.Status403Forbidden, $"unable to negotiate a protocol: the client supports {string.Join(", ", offered)}");

    private static Task SayAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
