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
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

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

    private static WebhookServer Server(Func<X509Certificate2?> certificate)
    {
        AdmissionEndpoint endpoint = new("/mutate", (_, _) => ValueTask.FromResult(AdmissionAnswer.Allow()), TimeProvider.System, NullLogger.Instance);
        return new(IPAddress.Loopback, 0, () => certificate() is { } c ? SslStreamCertificateContext.Create(c, null, offline: true) : null, [endpoint], NullLogger.Instance);
    }

    private static HttpClient Client(X509Certificate2 trusted)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(trusted);
        return new(new SocketsHttpHandler { UseProxy = false, SslOptions = new() { CertificateChainPolicy = policy } }) { Timeout = Limit };
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
