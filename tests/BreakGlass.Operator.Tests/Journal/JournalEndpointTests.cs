using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Journal;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>The HTTPS endpoint gives the journal to those who have the token, as C2SP tlog-tiles describes it, and nothing else.</summary>
public sealed class JournalEndpointTests : IDisposable
{
    private const string Token = "0123456789abcdef0123456789abcdef";

    private const string Recording = "recordings/8f0e2f9c-77f4-4f5e-9e6c-0f6f3f1c2a11/5d1b7c3e-0d7a-4b53-8f6a-2f6f0f7a9b10/000000.cast.gz";

    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-journal-").FullName;
    private readonly string _tokenFile;
    private readonly FakeClock _clock = new();
    private readonly FaultyStorage _storage = new();
    private readonly FaultyStorage.Writer _reading;
    private readonly JournalEndpoint _endpoint;
    private readonly SigningKey _key = SigningKey.Of("breakglass.example.com/test", new byte[32]);

    public JournalEndpointTests()
    {
        _tokenFile = Path.Combine(_directory, "token");
        File.WriteAllText(_tokenFile, Token + "\n");
        _reading = new(_storage);
        _endpoint = new(_reading, new(_tokenFile, _clock, NullLogger.Instance), _clock, NullLogger.Instance);
        _storage.Files["checkpoint"] = Encoding.UTF8.GetBytes("the checkpoint");
        _storage.Files["tile/0/x001/234"] = [1, 2, 3];
        _storage.Files["tile/entries/000.p/7"] = [4, 5];
        _storage.Files["batch/000.p/0"] = [6];
        _storage.Files[Recording] = [7, 8, 9];
    }

    public void Dispose()
    {
        _endpoint.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("checkpoint", "text/plain; charset=utf-8", "no-cache", 14)]
    [InlineData("tile/0/x001/234", "application/octet-stream", "private, max-age=31536000, immutable", 3)]
    [InlineData("tile/entries/000.p/7", "application/octet-stream", "private, max-age=31536000, immutable", 2)]
    [InlineData(Recording, "application/octet-stream", "private, max-age=31536000, immutable", 3)]
    public async Task What_readers_need_has_the_type_and_the_caching_of_the_standard(string path, string type, string caching, int length)
    {
        var (response, body) = await AskAsync(path);
        (response.StatusCode, response.ContentType, response.Headers.CacheControl.ToString()).Should().Be((200, type, caching));
        body.Should().Equal(_storage.Files[path]).And.HaveCount(length);

        (response, body) = await AskAsync(path, method: "HEAD");
        (response.StatusCode, response.ContentLength, body.Length).Should().Be((200, length, 0));
    }

    [Theory]
    [InlineData("tile/0/000")]
    [InlineData("batch/000.p/0")]
    [InlineData("unfinished/x")]
    [InlineData("")]
    [InlineData("tile/../batch/000.p/0")]
    [InlineData("tile/0/../../batch/000.p/0")]
    [InlineData("tile/entries/7")]
    [InlineData("checkpoint/")]
    [InlineData("recordings/grant/stream/000001.cast.gz")]
    [InlineData("recordings/grant/../../batch/000.p/0")]
    [InlineData("recordings/grant/stream")]
    public async Task Everything_else_is_not_found(string path)
    {
        var (response, body) = await AskAsync(path);
        (response.StatusCode, response.Headers.CacheControl.ToString(), body.Length).Should().Be((404, "no-store", 0));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer 0123456789abcdef0123456789abcdee")]
    [InlineData("Basic 0123456789abcdef0123456789abcdef")]
    public async Task Without_the_token_there_is_no_answer_whatever_is_asked(string? authorization)
    {
        foreach (var path in (string[])["checkpoint", "tile/0/000", "nothing"])
        {
            var (response, body) = await AskAsync(path, authorization: authorization);
            (response.StatusCode, response.Headers.WWWAuthenticate.ToString(), body.Length).Should().Be((401, "Bearer", 0));
        }
    }

    [Fact]
    public async Task A_new_token_counts_within_seconds_and_the_last_one_stays_while_the_file_is_gone()
    {
        (await AskAsync("checkpoint")).Response.StatusCode.Should().Be(200);
        File.Delete(_tokenFile);
        _clock.Advance(TimeSpan.FromSeconds(11));
        (await AskAsync("checkpoint")).Response.StatusCode.Should().Be(200);

        var next = new string('n', 40);
        await File.WriteAllTextAsync(_tokenFile, next);
        _clock.Advance(TimeSpan.FromSeconds(11));
        (await AskAsync("checkpoint")).Response.StatusCode.Should().Be(401);
        (await AskAsync("checkpoint", authorization: $"bearer {next}")).Response.StatusCode.Should().Be(200);
    }

    [Fact]
    public async Task Only_reading_is_possible()
    {
        var (response, _) = await AskAsync("checkpoint", method: "PUT");
        (response.StatusCode, response.Headers.Allow.ToString()).Should().Be((405, "GET, HEAD"));
    }

    [Fact]
    public async Task A_storage_that_fails_is_an_answer_that_can_be_tried_again()
    {
        _reading.FailsAfter = 0;
        (await AskAsync("checkpoint")).Response.StatusCode.Should().Be(503);
    }

    [Fact]
    public async Task Readers_that_do_not_read_are_cut_off_and_others_get_their_turn()
    {
        var slow = Enumerable.Range(0, 4).Select(_ => new StuckReader()).ToList();
        var answers = slow.Select(reader => _endpoint.ServeAsync(Request("tile/0/x001/234", reader))).ToList();
        await Task.WhenAll(slow.Select(reader => reader.Begun.Task));
        var waiting = AskAsync("checkpoint");
        waiting.IsCompleted.Should().BeFalse("four answers are all at once");

        _clock.Advance(JournalEndpoint.Longest);
        (await waiting.WaitAsync(Eventually.Limit)).Response.StatusCode.Should().Be(200);
        await Task.WhenAll(answers);
        slow.Should().OnlyContain(reader => reader.WasAborted, "a reader must not take a part of an answer for the whole");
    }

    [Fact]
    public async Task A_reader_verifies_the_journal_over_HTTPS()
    {
        var log = new JournalLog(new FaultyStorage.Writer(_storage), _key);
        _storage.Files.Clear();
        await log.OpenAsync(default);
        for (var i = 0; i < 300; i++) await log.AppendAsync([new[] { (byte)(i % 256) }], default);

        var served = new ServedCertificate(NullLogger.Instance);
        var authority = Pki.NewAuthority(TimeProvider.System.GetUtcNow());
        served.Serve(Pki.NewLeaf(authority, ["localhost"], TimeProvider.System.GetUtcNow()), "a test");
        await using var server = new JournalServer(
            new(IPAddress.Loopback, 0), new(_reading, new(_tokenFile, _clock, NullLogger.Instance), _clock, NullLogger.Instance), () => served.Context,
            NullLogger.Instance);
        await server.StartAsync(default);

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(authority.CertificatePem);
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } });
        client.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        JournalCheck.Run(path =>
        {
            using var response = client.Send(new(HttpMethod.Get, $"https://localhost:{server.Port}/journal/{path}"));
            if (response.StatusCode is HttpStatusCode.NotFound) return null;
            using var content = new MemoryStream();
            response.EnsureSuccessStatusCode().Content.ReadAsStream().CopyTo(content);
            return content.ToArray();
        }, _key.Verifier).Problems.Should().BeEmpty();
        await server.StopAsync(default);
    }

    private async Task<(HttpResponse Response, byte[] Body)> AskAsync(string path, string method = "GET", string? authorization = "Bearer " + Token)
    {
        var body = new MemoryStream();
        var context = Request(path, body, method, authorization);
        await _endpoint.ServeAsync(context);
        return (context.Response, body.ToArray());
    }

    private static DefaultHttpContext Request(string path, Stream body, string method = "GET", string? authorization = "Bearer " + Token)
    {
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.Path) = (method, "/journal/" + path);
        if (authorization is not null) context.Request.Headers.Authorization = authorization;
        context.Response.Body = body;
        if (body is StuckReader reader) context.Features.Set<IHttpRequestLifetimeFeature>(reader);
        return context;
    }

    /// <summary>A connection that takes no byte.</summary>
    private sealed class StuckReader : MemoryStream, IHttpRequestLifetimeFeature
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool WasAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => WasAborted = true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Begun.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }
    }
}
