using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FluentAssertions;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Kube.Runtime.Tests.Webhooks;

public class WebhookServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task Reviews_are_answered_over_TLS_and_other_paths_are_not_there()
    {
        using var certificate = NewCertificate();
        await using var server = Server(() => certificate);
        await server.StartAsync(default).WaitAsync(Limit);
        using var client = Client(certificate);
        (await PostAsync(client, server, "/mutate")).Should().Contain("\"allowed\":true");
        using var missing = await client.GetAsync(new Uri($"https://localhost:{server.Port}/nothing"));
        missing.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_new_certificate_is_served_from_the_next_connection_on_and_none_at_all_refuses()
    {
        using var first = NewCertificate();
        using var second = NewCertificate();
        var now = (X509Certificate2?)first;
        await using var server = Server(() => now);
        await server.StartAsync(default).WaitAsync(Limit);
        using var old = Client(first);
        await PostAsync(old, server, "/mutate");
        now = second;
        (await PostAsync(old, server, "/mutate")).Should().Contain("allowed", "a connection that is there goes on");
        using var fresh = Client(second);
        (await PostAsync(fresh, server, "/mutate")).Should().Contain("allowed");
        now = null;
        using var late = Client(second);
        await FluentActions.Awaiting(() => PostAsync(late, server, "/mutate")).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task A_body_that_the_server_cuts_off_for_its_size_is_not_answered_with_200_and_nothing()
    {
        using var certificate = NewCertificate();
        await using var server = Server(() => certificate);
        await server.StartAsync(default).WaitAsync(Limit);
        using var client = Client(certificate);
        using var body = new StreamContent(new MemoryStream(new byte[AdmissionEndpoint.MaxBodyBytes + 20_000]));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"https://localhost:{server.Port}/mutate")) { Content = body };
        request.Headers.TransferEncodingChunked = true; // its length is not said beforehand
        using var answer = await client.SendAsync(request);
        answer.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task Whoever_does_not_know_the_path_gets_404_and_the_process_itself_always_gets_in()
    {
        using var certificate = NewCertificate();
        await using var server = Server(() => certificate, new() { Route = (path, _) => ValueTask.FromResult(path == "/mutate/secret" ? "/mutate" : null) });
        await server.StartAsync(default).WaitAsync(Limit);
        using var client = Client(certificate);
        (await PostAsync(client, server, "/mutate/secret")).Should().Contain("\"allowed\":true");
        (await PostAsync(client, server, server.OwnPath("/mutate"))).Should().Contain("\"allowed\":true");
        (await CodeAsync(client, server, "/mutate")).Should().Be(HttpStatusCode.NotFound);
        (await CodeAsync(client, server, "/mutate/secret/")).Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Where_client_certificates_are_asked_for_only_one_of_a_known_authority_is_answered()
    {
        using var certificate = NewCertificate();
        using var authority = NewAuthority();
        using var stranger = NewAuthority();
        await using var server = Server(() => certificate, new() { ClientAuthorities = () => [authority] });
        await server.StartAsync(default).WaitAsync(Limit);

        using var known = Client(certificate, NewClientCertificate(authority));
        (await PostAsync(known, server, "/mutate")).Should().Contain("\"allowed\":true");
        using var unknown = Client(certificate, NewClientCertificate(stranger));
        (await CodeAsync(unknown, server, "/mutate")).Should().Be(HttpStatusCode.NotFound);
        using var nobody = Client(certificate);
        (await CodeAsync(nobody, server, "/mutate")).Should().Be(HttpStatusCode.NotFound);
        (await PostAsync(nobody, server, server.OwnPath("/mutate"))).Should().Contain("allowed", "the process warms itself up without a certificate");
    }

    [Fact]
    public async Task With_two_kinds_of_credentials_one_of_them_is_enough_and_none_gets_the_status_that_was_chosen()
    {
        using var certificate = NewCertificate();
        using var authority = NewAuthority();
        using var stranger = NewAuthority();
        await using var server = Server(() => certificate, new()
        {
            ClientAuthorities = () => [authority], HasCredential = context => context.Request.Headers.Authorization == "Bearer token",
            StatusForOthers = 401,
        });
        await server.StartAsync(default).WaitAsync(Limit);

        using var known = Client(certificate, NewClientCertificate(authority));
        (await CodeAsync(known, server, "/mutate")).Should().Be(HttpStatusCode.OK);
        using var bearer = Client(certificate, NewClientCertificate(stranger));
        (await CodeAsync(bearer, server, "/mutate")).Should().Be(HttpStatusCode.Unauthorized);
        bearer.DefaultRequestHeaders.Authorization = new("Bearer", "token");
        (await CodeAsync(bearer, server, "/mutate")).Should().Be(HttpStatusCode.OK);
        using var nobody = Client(certificate);
        nobody.DefaultRequestHeaders.Authorization = new("Bearer", "another");
        (await CodeAsync(nobody, server, "/mutate")).Should().Be(HttpStatusCode.Unauthorized);
    }

    private static WebhookServer Server(Func<X509Certificate2?> certificate, WebhookCallers? callers = null)
    {
        AdmissionEndpoint endpoint = new("/mutate", (_, _) => ValueTask.FromResult(AdmissionAnswer.Allow()), TimeProvider.System, NullLogger.Instance);
        return new(
            IPAddress.Loopback, 0, () => certificate() is { } c ? SslStreamCertificateContext.Create(c, null, offline: true) : null, [endpoint],
            NullLogger.Instance, callers, patience: Limit);
    }

    private static X509Certificate2 NewAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(40), DateTimeOffset.UnixEpoch.AddYears(100));
    }

    private static X509Certificate2 NewClientCertificate(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using var signed = request.Create(authority, DateTimeOffset.UnixEpoch.AddYears(41), DateTimeOffset.UnixEpoch.AddYears(99), [1, 2, 3, 4]);
        return signed.CopyWithPrivateKey(key);
    }

    private static async Task<HttpStatusCode> CodeAsync(HttpClient client, WebhookServer server, string path)
    {
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(AdmissionEndpointTests.Review()));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await client.PostAsync(new Uri($"https://localhost:{server.Port}{path}"), body);
        return answer.StatusCode;
    }

    private static HttpClient Client(X509Certificate2 trusted, X509Certificate2? own = null)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(trusted);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, SslOptions = new() { CertificateChainPolicy = policy, ClientCertificates = own is null ? null : [own] },
        };
        return new(handler) { Timeout = Limit };
    }

    private static async Task<string> PostAsync(HttpClient client, WebhookServer server, string path)
    {
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(AdmissionEndpointTests.Review()));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await client.PostAsync(new Uri($"https://localhost:{server.Port}{path}"), body);
        return await answer.Content.ReadAsStringAsync();
    }

    private static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }
}
