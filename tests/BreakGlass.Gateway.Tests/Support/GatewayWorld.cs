using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;
using Kube.Runtime;
using TestKit;
using TestKit.Builders;

namespace BreakGlass.Gateway.Tests;

/// <summary>
/// A real gateway on Kestrel between real clients and a real server. Grants come from the API server in memory; time is that of a clock that stands still.
/// </summary>
internal sealed class GatewayWorld : IAsyncDisposable
{
    public const string Grant = "inc-4711";
    public const string GrantsNamespace = "breakglass-grants";

    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IDisposable> _owned = [];
    private readonly TestAuthority _serverAuthority = new("server authority");
    private Task _running = Task.CompletedTask;

    private GatewayWorld(TestUpstream upstream) => (Upstream, Api) = (upstream, new(Clock));

    public FakeClock Clock { get; } = new();

    public FakeApiServer Api { get; }

    /// <summary>Of the grants' certificates.</summary>
    public TestAuthority Authority { get; } = new("gateway authority");

    public TestUpstream Upstream { get; }

    public LogLines Log { get; } = new();

    public GatewayMetrics Metrics { get; } = new("1");

    public GatewayServer Gateway { get; private set; } = null!;

    /// <summary>When grants expire.</summary>
    public DateTimeOffset End { get; private set; }

    /// <summary>The operator to which the gateway reports; null if it reports to nobody.</summary>
    public TestOperator? Operator { get; private set; }

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>The limits of the product, but for those in real time: on a busy machine, a client must get to say and to read all.</summary>
    public static GatewayLimits Limits { get; } = new()
    {
        LastWords = s_patience, Answer = s_patience, AnswerToSender = TimeSpan.FromSeconds(10), BreakOff = TimeSpan.FromSeconds(20),
        Headers = Eventually.Limit, BodyRate = null, Connect = Eventually.Limit, Storing = s_patience,
    };

    public static async Task<GatewayWorld> StartAsync(GatewayLimits? limits = null, bool reports = false)
    {
        var world = new GatewayWorld(await TestUpstream.StartAsync(new("upstream authority")));
        if (reports) world.Operator = await TestOperator.StartAsync(world.Authority);
        await world.RunAsync(limits ?? Limits);
        return world;
    }

    /// <summary>Puts an active grant that is recorded, and gives its certificate.</summary>
    public X509Certificate2 AdmitRecorded(
        RecordingFailureHandling onFailure = RecordingFailureHandling.Continue, string name = Grant, string uid = "grant-1") =>
        Admit(name, uid, status => status with { Recording = new() { OnFailure = onFailure } });

    /// <summary>
    /// Moves time on until something is so: one second, then a while of real time for what the second has begun. The while grows, for what a busy machine
    /// has begun has deadlines on the same clock.
    /// </summary>
    public async Task UntilAsync(Func<bool> isSo, string what)
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        for (var patience = TimeSpan.FromMilliseconds(300); !isSo(); patience = TimeSpan.FromSeconds(Math.Min(patience.TotalSeconds * 1.2, 2)))
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"{what} was expected; the log says\n{string.Join('\n', Log.Lines)}");
            Clock.Advance(TimeSpan.FromSeconds(1));
            var begun = TimeProvider.System.GetTimestamp();
            while (!isSo() && TimeProvider.System.GetElapsedTime(begun) < patience) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>
    /// Moves time on step by step until something is so, and gives what a step has begun a longer while of real time after each. What is under way has a
    /// deadline on the same clock, which would come again and again before a busy machine is done.
    /// </summary>
    public async Task StepUntilAsync(TimeSpan step, Func<Task<bool>> isSo, string what)
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        for (var patience = TimeSpan.FromMilliseconds(100); ; patience = TimeSpan.FromSeconds(Math.Min(patience.TotalSeconds * 1.5, 5)))
        {
            var begun = TimeProvider.System.GetTimestamp();
            do
            {
                if (await isSo()) return;
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            }
            while (TimeProvider.System.GetElapsedTime(begun) < patience);

            if (limit.IsCancellationRequested) throw new TimeoutException($"{what} was expected; the log says\n{string.Join('\n', Log.Lines)}");
            Clock.Advance(step);
        }
    }

    /// <summary>The same until a task is over.</summary>
    public async Task StepUntilOverAsync(TimeSpan step, Task over, string what)
    {
        await StepUntilAsync(step, () => Task.FromResult(over.IsCompleted), what);
        await over;
    }

    /// <summary>Puts an active grant with what belongs to it, and gives its certificate.</summary>
    public X509Certificate2 Admit(string name = Grant, string uid = "grant-1", Func<GrantStatus, GrantStatus>? status = null)
    {
        var certificate = Authority.Client(name, uid, End);
        _owned.Add(certificate);
        Put(name, uid, certificate, status);
        return certificate;
    }

    /// <summary>Puts an active grant whose certificate is another one.</summary>
    public void Put(string name, string uid, X509Certificate2 certificate, Func<GrantStatus, GrantStatus>? status = null)
    {
        var account = $"sa-{name}";
        Api.Put(new V1ServiceAccount { Metadata = new() { Name = account, NamespaceProperty = GrantsNamespace } });
        Api.Put(new V1Secret { Metadata = new() { Name = account, NamespaceProperty = GrantsNamespace } });
        var active = new GrantStatus
        {
            Phase = GrantPhase.Active, ActivatedAt = Clock.GetUtcNow(), ExpiresAt = End, Path = SessionPath.Gateway, PolicyUid = "policy-1",
            ServiceAccount = $"{GrantsNamespace}/{account}", CredentialSecret = $"{GrantsNamespace}/{account}",
            Gateway = new() { Server = "https://gateway.example", Certificate = certificate.ExportCertificatePem() },
        };
        Api.Put(A.Grant(name: name, uid: uid) with { Status = status?.Invoke(active) ?? active });
    }

    /// <summary>Waits until so many requests and streams are open.</summary>
    public async Task OpenAsync(int count)
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        while (Gateway.OpenRequests != count)
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException(
                    $"{count} open requests were expected, {Gateway.OpenRequests} are open; the log says\n{string.Join('\n', Log.Lines)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>Replaces the file with the authorities of grants' certificates, and waits until the gateway has read it.</summary>
    public async Task ReplaceAuthoritiesAsync(string pem, string expectedInLog = "read the gateway's certificate and authorities")
    {
        int Read() => Log.Lines.Count(line => line.Contains(expectedInLog, StringComparison.Ordinal));
        var before = Read();
        await File.WriteAllTextAsync(Path.Combine(_directory, "ca.crt"), pem);
        // In steps with real time between them: a grant's half hour is soon over, and a busy machine takes its time to read a file.
        await StepUntilAsync(TimeSpan.FromSeconds(5), () => Task.FromResult(Read() > before), "a gateway that has read its authorities again");
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        while (!await isSo())
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"{what} was expected");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>
    /// Waits until the gateway has heard from the API server again, after time was moved on. A read that met its deadline by that is repeated a moment later.
    /// </summary>
    public Task FreshAsync() =>
        StepUntilAsync(TimeSpan.FromSeconds(1), () => Task.FromResult(Gateway.Missing().Count == 0), "a gateway that has heard from the API server");

    /// <summary>Waits until a request has reached the API server.</summary>
    public async Task SeenAsync()
    {
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        while (Upstream.Seen.IsEmpty)
        {
            if (limit.IsCancellationRequested) throw new TimeoutException("no request reached the API server");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>Ends a grant as the operator does.</summary>
    public void Revoke(string name = Grant) => Api.Modify<BreakGlassGrant>(name, null, grant => grant with
    {
        Status = grant.Status with
        {
            Phase = GrantPhase.Revoked, EndReason = EndReason.RevokedByUser, EndedAt = Clock.GetUtcNow(),
            Conditions = [new() { Type = "Active", Status = "False", Reason = "Ended", Message = "Access was revoked by spec.revoke: done." }],
        },
    });

    /// <summary>A client with a certificate, or without one.</summary>
    public HttpClient Client(X509Certificate2? certificate, int version = 2)
    {
        var spoken = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11;
        var client = new HttpClient(new VersionHandler(spoken, Handler(certificate))) { BaseAddress = Address, Timeout = Eventually.Limit * 2 };
        _owned.Add(client);
        return client;
    }

    /// <summary>A WebSocket to a path.</summary>
    public async Task<ClientWebSocket> WebSocketAsync(X509Certificate2 certificate, string path, params string[] protocols)
    {
        var socket = new ClientWebSocket();
        _owned.Add(socket);
        foreach (var protocol in protocols) socket.Options.AddSubProtocol(protocol);
        using var invoker = new HttpMessageInvoker(Handler(certificate), disposeHandler: false);
        await socket.ConnectAsync(new Uri(new UriBuilder(Address) { Scheme = "wss" }.Uri, path), invoker, CancellationToken.None).Soon("a WebSocket");
        return socket;
    }

    /// <summary>A TLS connection for requests that no client would send.</summary>
    public async Task<SslStream> ConnectAsync(X509Certificate2? certificate, string protocol = "http/1.1")
    {
        var socket = new TcpClient();
        _owned.Add(socket);
        await socket.ConnectAsync(IPAddress.Loopback, Gateway.Port);
        var tls = new SslStream(socket.GetStream());
        _owned.Add(tls);
        var options = Tls(certificate);
        options.TargetHost = "localhost";
        options.ApplicationProtocols = [new SslApplicationProtocol(protocol)];
        await tls.AuthenticateAsClientAsync(options);
        return tls;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned)) owned.Dispose();
        await _stop.CancelAsync();
        using (var now = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System)) await Gateway.StopAsync(now.Token);
        await _running;
        await Gateway.DisposeAsync();
        if (Operator is not null) await Operator.DisposeAsync();
        await Upstream.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private Uri Address => new($"https://localhost:{Gateway.Port}");

    private SocketsHttpHandler Handler(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler { SslOptions = Tls(certificate), AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        _owned.Add(handler);
        return handler;
    }

    private SslClientAuthenticationOptions Tls(X509Certificate2? certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_serverAuthority.Certificate);
        return new()
        {
            CertificateChainPolicy = policy,
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
        };
    }

    /// <summary>Sends every request in one version of HTTP: the default of HttpClient is not that of requests that a test makes.</summary>
    private sealed class VersionHandler(Version version, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (request.Version, request.VersionPolicy) = (version, HttpVersionPolicy.RequestVersionExact);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private async Task RunAsync(GatewayLimits limits)
    {
        End = DateTimeOffset.FromUnixTimeSeconds(Clock.GetUtcNow().ToUnixTimeSeconds()).AddMinutes(30);
        Api.CreateNamespace(GrantsNamespace);
        Api.Put(A.Policy());
        var (certificate, key) = _serverAuthority.Server();
        await File.WriteAllTextAsync(Path.Combine(_directory, "tls.crt"), certificate);
        await File.WriteAllTextAsync(Path.Combine(_directory, "tls.key"), key);
        await File.WriteAllTextAsync(Path.Combine(_directory, "ca.crt"), Authority.Pem);
        using var own = Authority.Client(new Uri("breakglass://gateway"), End.AddYears(1));
        await File.WriteAllTextAsync(Path.Combine(_directory, "own.crt"), own.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(_directory, "own.key"), own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var client = Api.CreateClient();
        _owned.AddRange([client, Metrics]);
        var upstream = ForwardingTransport.Create(Upstream.Connection, TimeProvider.System, new() { ConnectTimeout = Eventually.Limit });
        Gateway = new(
            client, upstream, Upstream.Connection.Server,
            new(IPAddress.Loopback, 0, _directory, TimeSpan.FromSeconds(10))
            {
                Limits = limits, ReportsUrl = Operator?.Address, ReportsName = TestOperator.Name,
            },
            SteadyClock.Following(client, Clock), Metrics, Log);
        await Gateway.StartAsync(CancellationToken.None);
        _running = Gateway.RunAsync(_stop.Token);
        await Gateway.WaitForSyncAsync(CancellationToken.None).Soon("the lists of grants and policies");
    }
}
