using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Options;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

public sealed class SinkFileTests : IDisposable
{
    private const string Secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    private readonly string _directory = Directory.CreateTempSubdirectory("breakglass-sinks-").FullName;
    private readonly TestPki _pki;

    public SinkFileTests() => _pki = new(_directory, "ca");

    public void Dispose()
    {
        _pki.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_good_file_is_read_and_shows_no_secret()
    {
        var (certificate, key) = _pki.Issue("client");
        Parse($$"""
            sinks:
            - {name: siem, type: webhook, url: "https://siem.example/hook?token=xyz", secret: {{Secret}}, authorization: Bearer abc, required: true}
            - {name: syslog, type: syslog, server: "syslog.example:6515", caFile: ca.crt, certificateFile: client.crt, keyFile: {{key}}}
            - {name: local, type: syslog, server: "[::1]", transport: tcp, required: false}
            - {name: otel, type: otlp, url: "http://otel-collector.monitoring.svc:4318"}
            - {name: out, type: stdout}
            """, out var sinks).Should().BeNull();
        sinks.Select(s => (s.Name, s.Type, s.IsRequired)).Should().Equal(("siem", SinkType.Webhook, true), ("syslog", SinkType.Syslog, false),
            ("local", SinkType.Syslog, false), ("otel", SinkType.Otlp, false), ("out", SinkType.Stdout, false));
        sinks[1].Syslog.Should().Be(new SyslogServer("syslog.example", 6515, true, _pki.CaFile, certificate, key));
        sinks[2].Syslog.Should().Be(new SyslogServer("::1", 6514, false, null, null, null));
        string.Join('\n', sinks).Should().NotContainAny("AAAA", "abc", "xyz");
    }

    [Fact]
    public void The_sample_is_a_good_file()
    {
        var sample = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "examples", "sinks.yaml"));
        Parse(sample.Replace("whsec_…", Secret, StringComparison.Ordinal), out var sinks).Should().BeNull();
        sinks.Select(s => s.Type).Should().Equal(Enum.GetValues<SinkType>());
    }

    [Theory]
    [InlineData("{type: stdout}", "sink 1: name is missing")]
    [InlineData("{name: a, type: kafka}", "sink \"a\": type is missing or unknown. Use one of webhook, syslog, otlp, stdout")]
    [InlineData("{name: journal, type: stdout}", "sink \"journal\": the name is used for the journal itself")]
    [InlineData("{name: a, type: stdout, url: \"https://h.example/secret\"}", "sink \"a\": url is not for type stdout")]
    [InlineData("{name: a, type: stdout, required: maybe}", "sink \"a\": required is not a boolean. Use true or false")]
    [InlineData("{name: a, type: webhook, url: \"https://h.example\"}", "sink \"a\": secret is missing or too short")]
    [InlineData("{name: a, type: webhook, url: \"http://h.example/secret\", secret: 0123456789abcdef01234567}", "sink \"a\": url is http to a host outside")]
    [InlineData("{name: a, type: otlp, url: \"https://h.example\", secret: secret}", "sink \"a\": secret is not for type otlp")]
    [InlineData("{name: a, type: otlp, url: \"https://h.example\", authorization: secret}", "sink \"a\": authorization is not a header value")]
    [InlineData("{name: a, type: syslog}", "sink \"a\": server is missing or not a host and a port. Use for example syslog.example:6514")]
    [InlineData("{name: a, type: syslog, server: \"secret@h.example\"}", "sink \"a\": server is missing or not a host and a port")]
    [InlineData("{name: a, type: syslog, server: h.example, transport: udp}", "sink \"a\": transport is unknown. Use tls, or tcp")]
    [InlineData("{name: a, type: syslog, server: h.example, transport: tcp}", "sink \"a\": transport is tcp to a host that is not this machine")]
    [InlineData("{name: a, type: syslog, server: \"127.0.0.1\", transport: tcp, caFile: x}", "sink \"a\": caFile is not for type syslog with transport tcp")]
    [InlineData("{name: a, type: syslog, server: h.example, caFile: secret.crt}", "sink \"a\": caFile cannot be read")]
    [InlineData("{name: a, type: syslog, server: h.example, caFile: empty.crt}", "sink \"a\": caFile contains no certificate")]
    [InlineData("{name: a, type: syslog, server: h.example, certificateFile: ca.crt}", "sink \"a\": only one of certificateFile and keyFile")]
    [InlineData("{name: a, type: syslog, server: h.example, certificateFile: ca.crt, keyFile: empty.crt}", "sink \"a\": certificateFile cannot be read")]
    [InlineData("{name: a, type: stdout, secretly: x}",
        "secretly is not a known field. Use name, type, required, url, secret, authorization, server, transport, caFile, certificateFile, keyFile")]
    [InlineData("{name: a, type: stdout}\n- {name: a, type: stdout}", "sink \"a\": its name appears twice. Give each sink its own name")]
    public void A_mistake_is_told_by_sink_and_field_and_without_what_is_there(string sink, string expected)
    {
        File.WriteAllText(Path.Combine(_directory, "empty.crt"), "no certificate");
        var problem = Parse($"sinks:\n- {sink}", out _);
        problem.Should().StartWith("is not valid: ").And.Contain(expected);
        new[] { "secret is", "secretly", "secret," }.Aggregate(problem!, (text, field) => text.Replace(field, "", StringComparison.Ordinal))
            .Should().NotContain("secret");
    }

    [Theory]
    [InlineData("sinks: []")]
    [InlineData("receivers: [{name: a, type: stdout}]")]
    [InlineData("")]
    public void What_is_no_list_of_sinks_is_told(string text) =>
        Parse(text, out _).Should().Be("must contain a list of 1 to 50 sinks under the key sinks, and nothing else. docs/journal.md has an example");

    [Fact]
    public void Sinks_need_a_journal()
    {
        var file = Path.Combine(_directory, "sinks.yaml");
        File.WriteAllText(file, "sinks: [{name: a, type: stdout}]");
        OptionParser.Parse([$"--journal-sinks={file}"], _ => null, out _).Should().ContainSingle().Which.Should()
            .Contain("--journal-directory").And.Contain("there is no journal to copy");
        OptionParser.Parse(["--journal-sinks=/nowhere"], _ => null, out _).Should().ContainSingle().Which.Should()
            .StartWith("--journal-sinks (BREAKGLASS_JOURNAL_SINKS) is ").And.Contain("cannot be read");
    }

    private string? Parse(string text, out IReadOnlyList<SinkSettings> sinks) => SinkFile.Parse(text, _directory, out sinks);
}
