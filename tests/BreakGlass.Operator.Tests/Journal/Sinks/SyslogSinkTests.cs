using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Metrics;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>Syslog over TLS: to a real rsyslog, and to servers that do what a good one does not.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SyslogSinkTests : IDisposable
{
    private const string Hostile = "\"]\\\n\r<1>1 \u0000\u001b[31m\u202Egnirts €😀\t";

    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-syslog-").FullName;
    private readonly TestPki _pki;

    public SyslogSinkTests() => _pki = new(_directory, "ca");

    public void Dispose()
    {
        _pki.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [RsyslogFact]
    public async Task Rsyslog_gets_every_entry_in_its_order_and_as_it_was_also_if_it_starts_late()
    {
        var journal = new SampleJournal();
        var (certificate, key) = _pki.Issue("client");
        using var port = Rsyslog.ReservePort();
        var server = new SyslogServer("127.0.0.1", Rsyslog.PortOf(port), true, _pki.CaFile, certificate, key);
        var logs = new LogBook();
        using var metrics = new OperatorMetrics(() => new MetricsSnapshot(), "1", [], []);
        using var sinks = new JournalSinks([new() { Name = "siem", Type = SinkType.Syslog, Syslog = server, IsRequired = true }], journal.Storage(),
            SampleJournal.Origin, "test", metrics, TimeProvider.System, logs.CreateLogger("Journal"));
        var acknowledged = new Signal();
        sinks.RequiredAcknowledged += acknowledged.Raise;
        using var stop = new CancellationTokenSource();
        var running = Task.Run(() => sinks.RunAsync(stop.Token));
        await journal.AppendAsync(300, Hostile, sinks.Covers);
        await journal.AppendAsync(1, new string('€', 20_000), sinks.Covers);

        await using var rsyslog = Rsyslog.Start(_pki, server.Port, wantsCertificate: true);
        await acknowledged.Until(() => sinks.AcknowledgedByRequired == 301, "all entries in rsyslog", () => string.Join(" | ", logs.Lines.TakeLast(5)));
        await stop.CancelAsync();
        await running.Soon("the end of the sinks");

        // A batch that was not acknowledged in time is sent again, and on a busy machine rsyslog may have had all of it before.
        var all = await rsyslog.StopAsync();
        var messages = all.DistinctBy(IdOf).ToList();
        messages.Select(IdOf).Should().Equal(journal.Ids);
        all.Should().OnlyContain(m => m[0] == "109" && m[1] == "1" && m[4] == "breakglass-operator" && m[5] == "grant.activated");
        messages[7][2].Should().Be("2026-03-02T10:00:07.000Z");
        messages[7][3].Should().Be(Environment.MachineName);
        messages[7][6].Should().Contain("[meta sequenceId=\"8\"]");
        messages.Take(300).Should().OnlyContain(m => Document(m)["data"]!["justification"]!.GetValue<string>() == Hostile);
        Document(messages[300])["data"]!["justification"]!.GetValue<string>().Should().HaveLength(20_000);
    }

    [RsyslogFact]
    public async Task Rsyslog_that_wants_a_certificate_acknowledges_nothing_without_one()
    {
        using var port = Rsyslog.ReservePort();
        var server = new SyslogServer("127.0.0.1", Rsyslog.PortOf(port), true, _pki.CaFile, null, null);
        await using var rsyslog = Rsyslog.Start(_pki, server.Port, wantsCertificate: true);
        var refused = await Record(async () => await WhenListeningAsync(server));
        refused.Should().NotBeNull("the server has not read it");
        (await rsyslog.StopAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_server_that_reads_everything_and_closes_has_acknowledged_it()
    {
        using var server = new Server(_pki.Issue("127.0.0.1"), reads: int.MaxValue);
        await SendAsync(server.Settings(_pki.CaFile));
        Encoding.UTF8.GetString(await server.Received.Soon("what was sent")).Should().Contain("\"0b5c/0\"").And.Contain("\"0b5c/1\"");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_stops_before_the_end_has_acknowledged_nothing(bool tls)
    {
        using var server = new Server(tls ? _pki.Issue("127.0.0.1") : null, reads: 100);
        (await Record(() => SendAsync(server.Settings(tls ? _pki.CaFile : null), entries: 200))).Should().BeAssignableTo<IOException>();
    }

    [Fact]
    public async Task A_server_that_refuses_the_missing_client_certificate_has_acknowledged_nothing()
    {
        using var server = new Server(_pki.Issue("127.0.0.1"), reads: int.MaxValue, wantsCertificate: true);
        (await Record(() => SendAsync(server.Settings(_pki.CaFile), time: new FakeClock()))).Should().NotBeNull();
        var (certificate, key) = _pki.Issue("client");
        using var other = new Server(_pki.Issue("127.0.0.1"), reads: int.MaxValue, wantsCertificate: true);
        await SendAsync(other.Settings(_pki.CaFile) with { CertificateFile = certificate, KeyFile = key });
        (await other.Received.Soon("what was sent")).Should().NotBeEmpty();
    }

    [Fact]
    public async Task A_server_of_another_authority_or_another_name_gets_nothing()
    {
        using var otherPki = new TestPki(_directory, "other");
        using var stranger = new Server(otherPki.Issue("127.0.0.1"), reads: int.MaxValue);
        (await Record(() => SendAsync(stranger.Settings(_pki.CaFile)))).Should().BeOfType<AuthenticationException>();

        using var misnamed = new Server(_pki.Issue("syslog.example"), reads: int.MaxValue);
        (await Record(() => SendAsync(misnamed.Settings(_pki.CaFile)))).Should().BeOfType<AuthenticationException>();
    }

    [Fact]
    public async Task Plain_TCP_has_the_same_frames()
    {
        using var server = new Server(null, reads: int.MaxValue);
        await SendAsync(server.Settings(null));
        var text = Encoding.UTF8.GetString(await server.Received.Soon("what was sent"));
        text.Should().MatchRegex("^[0-9]+ <109>1 2026-03-02T10:00:00.000Z ");
    }

    private static string IdOf(string[] message) => Document(message)["id"]!.GetValue<string>();

    private static JsonNode Document(string[] message) =>
        JsonNode.Parse(message[7][message[7].IndexOf('{', StringComparison.Ordinal)..])!;

    private static async Task<Exception?> Record(Func<Task> act)
    {
        try
        {
            await act().Soon("the end of a try");
            return null;
        }
        catch (Exception e) when (e is not TimeoutException)
        {
            return e;
        }
    }

    private static async Task SendAsync(SyslogServer server, int entries = 2, TimeProvider? time = null) => await SyslogSink.SendAsync(
        server, new([.. Enumerable.Range(0, entries).Select(i => SampleJournal.Copy(i))]), "host", time ?? TimeProvider.System, CancellationToken.None);

    /// <summary>Sends as soon as the server listens.</summary>
    private static async Task WhenListeningAsync(SyslogServer server)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        while (true)
        {
            try
            {
                await SendAsync(server, time: new FakeClock()); // it stands still: only the server ends the connection
                return;
            }
            catch (SocketException)
            {
                await tick.WaitForNextTickAsync();
            }
        }
    }

    /// <summary>A server for one connection, which it closes after so many bytes, or after those that there are.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly X509Certificate2? _certificate;
        private readonly bool _wantsCertificate;

        public Server((string CertificateFile, string KeyFile)? certificate, int reads, bool wantsCertificate = false)
        {
            // Schannel and OpenSSL differ in what they take; a PKCS #12 suits both.
            using var pem = certificate is { } files ? X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile) : null;
            _certificate = pem is null ? null : X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
            _wantsCertificate = wantsCertificate;
            _listener.Start();
            Received = Task.Run(() => ServeAsync(reads));
        }

        public Task<byte[]> Received { get; }

        public SyslogServer Settings(string? caFile) => new(
            "127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, _certificate is not null, caFile, null, null);

        public void Dispose()
        {
            _listener.Dispose();
            _certificate?.Dispose();
        }

        private async Task<byte[]> ServeAsync(int reads)
        {
            using var client = await _listener.AcceptTcpClientAsync();
            using var received = new MemoryStream();
            await using var network = client.GetStream();
            await using var tls = _certificate is null ? null : new SslStream(network, leaveInnerStreamOpen: true, (_, peer, _, _) =>
                !_wantsCertificate || peer is not null);
            if (tls is not null)
            {
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = _certificate, ClientCertificateRequired = _wantsCertificate });
            }

            var (stream, buffer) = ((Stream?)tls ?? network, new byte[64]);
            while (received.Length < reads && await stream.ReadAsync(buffer) is > 0 and var length) received.Write(buffer, 0, length);
            return received.ToArray();
        }
    }
}
