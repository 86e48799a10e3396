using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Journal;

/// <summary>A journal is read over HTTPS, with a token that goes to nobody but a server with a trusted certificate.</summary>
public sealed class HttpJournalTests : IAsyncLifetime, IDisposable
{
    private static readonly SigningKey Key = SigningKey.Of("breakglass.example.com/test", [.. Enumerable.Repeat((byte)7, 32)]);

    private readonly PluginHarness _plugin = new();
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _tokens = new();
    private readonly X509Certificate2 _certificate = SelfSigned();
    private readonly WebApplication _server;
    private int? _status;
    private string _address = "";

    public HttpJournalTests()
    {
        var grant = A.Grant() with
        {
            Status = new() { Phase = GrantPhase.Pending,
            Transitions = [new() { At = A.Start, To = GrantPhase.Pending, Actor = "alice", Reason = "Requested" }] },
        };
        _plugin.Server.Put(grant);
        var (edge, files) = LogEdge.Empty.Append([.. GrantEntries.Of(grant, 0).Select(e => (ReadOnlyMemory<byte>)e.Bytes())]);
        foreach (var file in files) _files["/journal/" + file.Path] = file.Content.ToArray();
        _files["/journal/checkpoint"] = Checkpoint.Sign(edge.Size, edge.Root(), Key);

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(server => server.Listen(
                IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate, https => https.HandshakeTimeout = Eventually.Limit)));
        _server = builder.Build();
        _server.Run(async context =>
        {
            _tokens.Enqueue(context.Request.Headers.Authorization.ToString());
            context.Response.StatusCode = _status ?? (_files.ContainsKey(context.Request.Path) ? 200 : 404);
            if (_status is 302) context.Response.Headers.Location = _address + "/checkpoint";
            if (context.Response.StatusCode == 200) await context.Response.Body.WriteAsync(_files[context.Request.Path]);
        });
    }

    public async Task InitializeAsync()
    {
        await _server.StartAsync();
        var at = new Uri(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _address = $"https://localhost:{at.Port}/journal";
        _plugin.File("ca.crt", _certificate.ExportCertificatePem());
        _plugin.File("token", "the-token\n");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose()
    {
        _plugin.Dispose();
        _certificate.Dispose();
    }

    [Theory]
    [InlineData("verify", "verified: 1 entries")]
    [InlineData("show", "dev.breakglass.grant.recorded")]
    [InlineData("export", "\"requester\":\"alice\"")]
    public async Task A_journal_is_verified_shown_and_exported(string command, string expected)
    {
        (await RunAsync("journal", command, _address)).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain(expected);
        _tokens.Should().OnlyContain(t => t == "Bearer the-token");
    }

    [Fact]
    public async Task A_bundle_is_made_from_it()
    {
        var zip = Path.Combine(_plugin.Directory, "out.zip");
        (await RunAsync("report", "inc-4711", "--bundle", zip, "--journal", _address + "/")).Should().Be(0, _plugin.Error);
        (await _plugin.RunAsync("journal", "verify", zip, "--key", Key.Verifier.ToString())).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_gets_no_token()
    {
        (await _plugin.RunAsync("journal", "verify", _address, "--key", Key.Verifier.ToString(), "--token-file", Path.Combine(_plugin.Directory, "token")))
            .Should().Be(1);
        _plugin.Error.Should().Contain("is not trusted").And.Contain("--ca");
        _tokens.Should().BeEmpty();
    }

    [Theory]
    [InlineData(401, 3, "--token-file")]
    [InlineData(403, 3, "answers 403")]
    [InlineData(503, 1, "its log says why")]
    [InlineData(302, 1, "redirects")]
    [InlineData(500, 1, "answers 500")]
    public async Task An_answer_that_is_no_file_is_said(int status, int code, string message)
    {
        _status = status;
        (await RunAsync("journal", "verify", _address)).Should().Be(code);
        _plugin.Error.Should().Contain(message).And.NotContain("the-token");
        _tokens.Should().ContainSingle("a redirection is not followed");
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said()
    {
        await _server.StopAsync();
        (await RunAsync("journal", "verify", _address)).Should().Be(1);
        _plugin.Error.Should().Contain("cannot be read");
    }

    [Fact]
    public async Task A_file_that_is_too_long_is_not_read_to_its_end()
    {
        _files["/journal/tile/entries/000.p/1"] = new byte[EntryBundle.LargestBundle + 1000];
        (await RunAsync("journal", "verify", _address)).Should().Be(1);
        _plugin.Error.Should().StartWith("error: entry 0: ");
    }

    [Theory]
    [InlineData("http://localhost/journal")]
    [InlineData("s3://bucket/journal")]
    [InlineData("https://user:password@localhost/journal")]
    [InlineData("https://")]
    public async Task Other_addresses_are_refused(string address) => (await _plugin.RunAsync("journal", "verify", address, "--key", Key.Verifier.ToString()))
        .Should().Be(2, _plugin.Error);

    private Task<int> RunAsync(params string[] args) => _plugin.RunAsync(
        [.. args, "--key", Key.Verifier.ToString(), "--ca", Path.Combine(_plugin.Directory, "ca.crt"),
        "--token-file", Path.Combine(_plugin.Directory, "token")]);

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }
}
