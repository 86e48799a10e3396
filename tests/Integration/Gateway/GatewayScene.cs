using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Integration.Attacks;

namespace Integration.Gateway;

/// <summary>Where one attack on the gateway happens. Everything that it sends contains its id, by which it is found in the API server's audit log.</summary>
internal sealed class GatewayScene(AttackedGateway stage) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public AttackedGateway Stage => stage;

    public string Id { get; } = $"attack{Guid.NewGuid():N}"[..18];

    /// <summary>A path that the grant may read.</summary>
    public string Target => $"/api/v1/namespaces/{stage.Mine.Namespace}/configmaps/checkout?{Id}";

    /// <summary>A client of the gateway with a certificate, or without one.</summary>
    public HttpClient Client(X509Certificate2? certificate, int version = 2, Uri? address = null)
    {
        var handler = new SocketsHttpHandler { SslOptions = Tls(certificate), UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        var client = new HttpClient(handler)
        {
            BaseAddress = address ?? stage.Address, Timeout = Eventually.Limit,
            DefaultRequestVersion = version == 2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _owned.Add(client);
        return client;
    }

    /// <summary>Reads with a certificate.</summary>
    public async Task<ApiAnswer> GetAsync(X509Certificate2? certificate, string? target = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target ?? Target);
        return await SendAsync(Client(certificate), request, headers);
    }

    /// <summary>Sends a request.</summary>
    public static async Task<ApiAnswer> SendAsync(HttpClient client, HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await client.SendAsync(request);
        return new((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A TLS connection for requests that no client would send.</summary>
    public async Task<SslStream> ConnectAsync(X509Certificate2? certificate, string protocol = "http/1.1")
    {
        var socket = new TcpClient();
        _owned.Add(socket);
        await socket.ConnectAsync(IPAddress.Loopback, stage.Address.Port);
        var stream = new SslStream(socket.GetStream());
        var options = Tls(certificate);
        options.TargetHost = "localhost";
        options.ApplicationProtocols = [new(protocol)];
        await stream.AuthenticateAsClientAsync(options);
        return stream;
    }

    /// <summary>Sends bytes as they are with the grant's certificate and reads until the gateway closes the connection.</summary>
    public async Task<string> ExchangeAsync(string text)
    {
        await using var stream = await ConnectAsync(stage.Certificate);
        var answer = new MemoryStream();
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text), limit.Token);
            await stream.FlushAsync(limit.Token);
            await stream.CopyToAsync(answer, limit.Token);
        }
        catch (IOException)
        {
            // Broken off by the gateway.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    /// <summary>Sends bytes as they are, and reads the beginning of the answer.</summary>
    public async Task<string> BeginAsync(string text)
    {
        await using var stream = await ConnectAsync(stage.Certificate);
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), limit.Token);
        await stream.FlushAsync(limit.Token);
        var answer = new byte[4096];
        return Encoding.Latin1.GetString(answer, 0, await stream.ReadAsync(answer, limit.Token));
    }

    /// <summary>What the API server's audit log has of this attack, up to now.</summary>
    public async Task<IReadOnlyList<JsonNode>> AuditAsync()
    {
        var mark = $"mark{Guid.NewGuid():N}";
        (await GetAsync(stage.Certificate, $"/api/v1/namespaces/{stage.Mine.Namespace}/configmaps/checkout?{mark}")).OrThrow();
        var log = "";
        await Eventually.TrueAsync(
            async () => (log = await ReadAsync()).Contains(mark, StringComparison.Ordinal), expected: "an audit event of a good request");
        return [.. log.Split('\n').Where(line => line.Contains(Id, StringComparison.Ordinal) && line.EndsWith('}')).Select(line => JsonNode.Parse(line)!)];
    }

    /// <summary>Asserts that nothing of the attack has reached the API server.</summary>
    public async Task NothingPassedAsync() => (await AuditAsync()).Should().BeEmpty("nothing of it passes the gateway");

    /// <summary>Asserts that the API server saw requests of the attack as those of the grant only.</summary>
    public async Task PassedAsTheGrantAsync(string? account = null)
    {
        account ??= (await stage.Mine.ReadAsync()).Status.ServiceAccount!.Replace('/', ':');
        IReadOnlyList<JsonNode> events = [];

        // Each request is logged after its answer, so that of a later one can be logged before.
        await Eventually.TrueAsync(async () => (events = await AuditAsync()).Count > 0, expected: "an audit event of the attack");
        events.Select(e => (string)e["user"]!["username"]!).Should().OnlyContain(user => user == $"system:serviceaccount:{account}");
        events.Should().OnlyContain(e => e["impersonatedUser"] == null);
    }

    public void Dispose()
    {
        foreach (var owned in _owned) owned.Dispose();
    }

    private SslClientAuthenticationOptions Tls(X509Certificate2? certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(stage.Trusted);
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(File.ReadAllText(stage.Cluster.ControlPlane.CaCertificate)));
        return new()
        {
            CertificateChainPolicy = policy,
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
        };
    }

    private async Task<string> ReadAsync()
    {
        var file = new FileStream(stage.Cluster.ControlPlane.AuditLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        await using (file)
        {
            using var reader = new StreamReader(file);
            return await reader.ReadToEndAsync();
        }
    }
}
