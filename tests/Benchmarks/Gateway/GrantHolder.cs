using System.Net;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Api;
using k8s.Models;
using Kube.Client;

namespace Benchmarks.Gateway;

/// <summary>
/// The holder of an active grant, on both paths: the certificate for the gateway, and a token of the same ServiceAccount for the API server.
/// </summary>
internal sealed class GrantHolder : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _gatewayAuthorities = [];
    private readonly X509Certificate2Collection _serverAuthorities = [];

    private GrantHolder(BreakGlassGrant grant, ClusterConnection gateway, ClusterConnection server, string token)
    {
        (Grant, ExpiresAt, Gateway, Server, Token) =
            (grant.Metadata.Name, grant.Status.ExpiresAt ?? DateTimeOffset.MaxValue, gateway.Server, server.Server, token);
        _certificate = X509Certificate2.CreateFromPem(gateway.ClientCertificate!.Read(), gateway.ClientKey!.Read());
        _gatewayAuthorities.ImportFromPem(gateway.CertificateAuthority!.Read());
        _serverAuthorities.ImportFromPem(server.CertificateAuthority!.Read());
    }

    /// <summary>The grant's name.</summary>
    public string Grant { get; }

    /// <summary>When it expires.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>The address of the gateway.</summary>
    public Uri Gateway { get; }

    /// <summary>The address of the API server.</summary>
    public Uri Server { get; }

    /// <summary>The token for the API server.</summary>
    public string Token { get; }

    /// <summary>The API server's authorities, as PEM.</summary>
    public string ServerAuthorities => _serverAuthorities.ExportCertificatePems();

    /// <summary>Takes the kubeconfig out of the credential Secret, as the requester does.</summary>
    public static async Task<GrantHolder> OfAsync(BenchmarkCluster cluster, BreakGlassGrant grant, CancellationToken cancellationToken)
    {
        if (grant.Status.CredentialSecret?.Split('/') is not [var ns, var name] || grant.Status.ServiceAccount?.Split('/') is not [_, var account])
            throw new InvalidOperationException($"Grant {grant.Metadata.Name} was expected to have a credential Secret and a ServiceAccount.");
        var secret = await cluster.Admin.GetAsync<V1Secret>(name, ns, cancellationToken);
        var file = Path.Combine(cluster.Directory, $"{grant.Metadata.Name}.kubeconfig");
        await File.WriteAllBytesAsync(file, secret.Data["kubeconfig"], cancellationToken);
        var token = await cluster.Admin.CreateTokenAsync(ns, account, new TokenRequest { Spec = new() { ExpirationSeconds = 3600 } }, cancellationToken);
        return new(grant, ClusterConnection.FromKubeconfig(file), cluster.Connection, token.Status!.Token);
    }

    /// <summary>A client of the gateway with a connection of its own.</summary>
    public HttpClient Through() => Through(Gateway);

    /// <summary>The same client at another address that serves the gateway's certificate.</summary>
    public HttpClient Through(Uri address) => Client(Handler(_gatewayAuthorities, _certificate), address);

    /// <summary>The same client at the API server.</summary>
    public HttpClient Directly()
    {
        var http = Client(Handler(_serverAuthorities, certificate: null), Server);
        http.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return http;
    }

    /// <summary>For WebSockets to the gateway.</summary>
    public HttpMessageInvoker Invoker() => new(Handler(_gatewayAuthorities, _certificate));

    public void Dispose() => _certificate.Dispose();

    private static HttpClient Client(SocketsHttpHandler handler, Uri address) => new(handler)
    {
        BaseAddress = address, Timeout = Timeout, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static SocketsHttpHandler Handler(X509Certificate2Collection authorities, X509Certificate2? certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, SslOptions = new() { CertificateChainPolicy = policy } };
        if (certificate is not null) handler.SslOptions.ClientCertificates = [certificate];
        return handler;
    }
}
