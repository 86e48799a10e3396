using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using BreakGlass.Gateway.Admission;
using BreakGlass.Gateway.Reporting;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Reporting;

/// <summary>The connection of the gateway to the operator, over real TLS.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync.")]
public sealed class OperatorConnectionTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new("gateway authority");
    private readonly TestAuthority _other = new("another authority");
    private readonly FakeClock _clock = new();
    private readonly LogLines _log = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("own-").FullName;
    private TestOperator _operator = null!;

    public async Task InitializeAsync() => _operator = await TestOperator.StartAsync(_authority);

    public async Task DisposeAsync()
    {
        await _operator.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task The_gateway_shows_its_own_certificate_whatever_it_serves_to_people()
    {
        await WriteAsync("tls", _other);
        await WriteOwnAsync(_authority);
        using var connection = await ConnectionAsync();

        (await PostAsync(connection)).Should().Be(HttpStatusCode.OK);

        var shown = _operator.Posts.Should().ContainSingle().Which;
        shown.Path.Should().Be("/gateway/requests");
        GatewayIdentity.IsIn(shown.Certificate!).Should().BeTrue();
    }

    [Fact]
    public async Task One_connection_is_kept_and_another_one_opened_when_the_certificate_changes_or_the_operator_fails()
    {
        await WriteOwnAsync(_authority);
        await WriteAsync("tls", _authority);
        var certificates = new GatewayCertificates(_directory, _clock, _log);
        await certificates.ReadAsync(default);
        using var connection = new OperatorConnection(certificates, _operator.Address, TestOperator.Name, Eventually.Limit);
        for (var i = 0; i < 3; i++) await PostAsync(connection);
        _operator.Connections.Should().Be(1);

        await WriteOwnAsync(_authority);
        await certificates.ReadAsync(default);
        await PostAsync(connection);
        _operator.Connections.Should().Be(2);

        _operator.Code = 503;
        (await PostAsync(connection)).Should().Be(HttpStatusCode.ServiceUnavailable);
        _operator.Code = 200;
        await PostAsync(connection);
        _operator.Connections.Should().Be(3, "another replica can answer better");
    }

    [Fact]
    public async Task Without_a_certificate_of_its_own_it_shows_the_one_that_it_serves()
    {
        await WriteAsync("tls", _authority);
        using var connection = await ConnectionAsync();
        (await PostAsync(connection)).Should().Be(HttpStatusCode.OK);
        _operator.Posts.Single().Certificate!.Subject.Should().Be("CN=localhost");
    }

    [Fact]
    public async Task Nothing_is_sent_to_a_server_that_is_not_the_operator()
    {
        await WriteAsync("tls", _authority);
        var certificates = new GatewayCertificates(_directory, _clock, _log);
        await certificates.ReadAsync(default);
        using var otherName = new OperatorConnection(certificates, _operator.Address, "breakglass-operator-webhook.breakglass-system.svc", Eventually.Limit);
        await otherName.Invoking(PostAsync).Should().ThrowAsync<HttpRequestException>();

        await using var stranger = await TestOperator.StartAsync(_other);
        using var otherAuthority = new OperatorConnection(certificates, stranger.Address, TestOperator.Name, Eventually.Limit);
        await otherAuthority.Invoking(PostAsync).Should().ThrowAsync<HttpRequestException>();
        (_operator.Posts.Count + stranger.Posts.Count).Should().Be(0);
    }

    private async Task<OperatorConnection> ConnectionAsync()
    {
        var certificates = new GatewayCertificates(_directory, _clock, _log);
        await certificates.ReadAsync(default);
        return new(certificates, _operator.Address, TestOperator.Name, Eventually.Limit);
    }

    private static async Task<HttpStatusCode> PostAsync(OperatorConnection connection)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/gateway/requests", UriKind.Relative)) { Content = new StringContent("{}") };
        using var response = await connection.SendAsync(request, CancellationToken.None).Soon("an answer of the operator");
        return response.StatusCode;
    }

    private async Task WriteAsync(string name, TestAuthority authority)
    {
        var (certificate, key) = authority.Server();
        await PutAsync(name, certificate, key);
    }

    private async Task WriteOwnAsync(TestAuthority authority)
    {
        using var own = authority.Client(new Uri("breakglass://gateway"), _clock.GetUtcNow().AddYears(2));
        await PutAsync("own", own.ExportCertificatePem(), own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    private async Task PutAsync(string name, string certificate, string key)
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, $"{name}.crt"), certificate);
        await File.WriteAllTextAsync(Path.Combine(_directory, $"{name}.key"), key);
        await File.WriteAllTextAsync(Path.Combine(_directory, "ca.crt"), _authority.Pem);
    }
}
