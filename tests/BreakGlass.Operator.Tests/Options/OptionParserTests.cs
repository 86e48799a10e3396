using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Journal;
using BreakGlass.Operator.Options;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging;
using Xunit;

namespace BreakGlass.Operator.Tests.Options;

public sealed class OptionParserTests
{
    [Fact]
    public void Nothing_given_means_the_documented_defaults()
    {
        Good([]).Should().Be(new OperatorOptions());
        var options = Good([]);
        options.Command.Should().Be(OperatorCommand.Run);
        options.Namespace.Should().Be("breakglass-system");
        options.GrantsNamespace.Should().Be("breakglass-grants");
        options.TrustRequester.Should().BeFalse();
        options.Kubeconfig.Should().BeNull();
        options.Context.Should().BeNull();
        options.HttpAddress.Should().Be(new ListenAddress(null, 8080));
        options.LeaderElect.Should().BeTrue();
        options.LeaseDuration.Should().Be(TimeSpan.FromSeconds(15));
        options.RenewDeadline.Should().Be(TimeSpan.FromSeconds(10));
        options.RetryPeriod.Should().Be(TimeSpan.FromSeconds(2));
        options.Resync.Should().Be(TimeSpan.FromMinutes(10));
        options.LogLevel.Should().Be(LogLevel.Information);
        options.OtlpEndpoint.Should().BeNull();
        options.PublicServer.Should().BeNull();
        options.PublicCaFile.Should().BeNull();
        options.ClusterName.Should().Be("kubernetes");
    }

    [Fact]
    public void A_flag_wins_over_its_variable_and_the_last_flag_over_the_first()
    {
        var environment = new Dictionary<string, string> { ["BREAKGLASS_NAMESPACE"] = "from-variable", ["BREAKGLASS_WORKERS"] = "3" };
        var options = Good(["--namespace", "first", "--namespace=second"], environment);
        options.Namespace.Should().Be("second");
        options.Workers.Should().Be(3);
    }

    [Fact]
    public void Every_option_can_be_given_as_flag_and_as_variable_and_shows_what_was_given()
    {
        var file = TemporaryCa();
        var (receivers, key, token) = (Path.GetTempFileName(), Path.GetTempFileName(), Path.GetTempFileName());
        var sinks = Path.GetTempFileName();
        try
        {
            File.WriteAllText(token, new string('t', 32));
            File.WriteAllText(key, $"{SigningKey.Of("breakglass.example.com/test", new byte[32]).ToSecretText()}\n");
            File.WriteAllText(sinks, "sinks: [{name: log, type: stdout}]");
            File.WriteAllText(receivers, "receivers: [{name: chat, type: slack, url: 'https://hooks.example/x'}]");
            var values = new Dictionary<string, string>
            {
                ["namespace"] = "a", ["grants-namespace"] = "b", ["protected-namespaces"] = "istio-system,cert-manager", ["look-for-leftovers"] = "false",
                ["list-workloads"] = "true", ["trust-requester"] = "true", ["webhook"] = "false", ["webhook-address"] = "[::1]:8443",
                ["webhook-memory"] = "64", ["webhook-cert-dir"] = "/etc/tls", ["webhook-client-ca"] = file, ["webhook-extra-names"] = "hooks.example,10.0.0.7",
                ["kubeconfig"] = "/x/y", ["context"] = "kind-x",
                ["http-address"] = "127.0.0.1:9000", ["leader-elect"] = "false", ["lease-duration"] = "1m", ["renew-deadline"] = "12s",
                ["retry-period"] = "3s",
                ["revocation-workers"] = "7", ["workers"] = "9", ["resync"] = "1h30m", ["log-level"] = "debug", ["otlp-endpoint"] = "http://collector:4318",
                ["public-server"] = "https://api.example:6443", ["public-ca-file"] = file, ["cluster-name"] = "prod eu", ["stamp-extra"] = "example.com/amr",
                ["person-claims"] = "example.com/employee-id,example.com/sub", ["notifications-file"] = receivers,
                ["journal-directory"] = "/journal", ["journal-key"] = key, ["journal-default"] = "Required", ["journal-sinks"] = sinks,
                ["journal-listen"] = "127.0.0.1:9445", ["journal-token-file"] = token,
                ["journal-bucket"] = "breakglass-journal", ["journal-bucket-prefix"] = "clusters/prod",
                ["journal-bucket-endpoint"] = "http://minio.storage.svc:9000", ["journal-bucket-region"] = "eu-central-1",
                ["journal-bucket-path-style"] = "true", ["journal-bucket-retention"] = "8760h", ["journal-bucket-compliance"] = "true",
                ["audit-listen"] = "127.0.0.1:9444", ["audit-client-ca"] = file, ["audit-token-file"] = token,
                ["gateway-url"] = "https://gateway.example:8443", ["gateway-ca-file"] = file, ["gateway-extra-names"] = "gateway.internal,10.0.0.8",
                ["gateway-reports-listen"] = "127.0.0.1:9446", ["reports-url"] = "https://10.96.12.35:9446",
                ["file"] = "/var/log/audit.log", ["to"] = "https://10.96.12.34/audit", ["to-ca"] = file, ["to-name"] = "hooks.example",
                ["position-file"] = "/p",
                ["gateway-address"] = "127.0.0.1:8444", ["gateway-cert-dir"] = "/etc/gateway", ["staleness-limit"] = "20s",
            };
            values.Keys.Should().BeEquivalentTo(OptionTable.All.Select(option => option.Name), "this test gives each of them a value");
            foreach (var option in OptionTable.All)
            {
                var value = values[option.Name];
                string[] with = option.Name switch
                {
                    "journal-directory" => [$"--journal-key={key}"],
                    "journal-key" => ["--journal-directory=/journal"],
                    "gateway-ca-file" or "gateway-extra-names" => ["--gateway-url=https://gateway.example"],
                    "audit-listen" => [$"--audit-token-file={token}"],
                    "audit-client-ca" or "audit-token-file" => ["--audit-listen=:9444"],
                    "journal-sinks" => ["--journal-directory=/journal", $"--journal-key={key}"],
                    "journal-listen" => [$"--journal-key={key}", "--journal-directory=/journal", $"--journal-token-file={token}"],
                    "journal-token-file" => [$"--journal-key={key}", "--journal-directory=/journal", "--journal-listen=:9445"],
                    "journal-bucket" => [$"--journal-key={key}", "--journal-bucket-region=eu-central-1"],
                    "journal-bucket-region" => [$"--journal-key={key}", "--journal-bucket=breakglass-journal"],
                    "journal-bucket-prefix" or "journal-bucket-endpoint" =>
                        [$"--journal-key={key}", "--journal-bucket=breakglass-journal", "--journal-bucket-region=eu-central-1"],
                    _ => [],
                };
                option.Show(Good([.. with, $"--{option.Name}={value}"])).Should().Be(value);
                if (option.Value is not null) option.Show(Good([.. with, $"--{option.Name}", value])).Should().Be(value);
                if (option.Variable is not null) option.Show(Good(with, new() { [option.Variable] = value })).Should().Be(value);
                option.Show(new OperatorOptions()).Should().NotBe(value, "a default would prove nothing");
            }
        }
        finally
        {
            foreach (var made in (string[])[receivers, sinks, key, token, file]) File.Delete(made);
        }
    }

    [Theory]
    [InlineData("--journal-directory=/journal --journal-bucket=breakglass-journal --journal-bucket-region=x", "one place", "BREAKGLASS_JOURNAL_BUCKET")]
    [InlineData("--journal-bucket=breakglass-journal", "--journal-bucket-region", "BREAKGLASS_JOURNAL_BUCKET_ENDPOINT")]
    [InlineData("--journal-directory=/journal --journal-bucket-prefix=x", "--journal-bucket-prefix", "BREAKGLASS_JOURNAL_BUCKET")]
    [InlineData("--journal-bucket=Not_A_Bucket --journal-bucket-region=x", "lower-case letters", "BREAKGLASS_JOURNAL_BUCKET")]
    [InlineData("--journal-bucket=journal --journal-bucket-region=x --journal-bucket-prefix=a/../b", "clusters/prod", "BREAKGLASS_JOURNAL_BUCKET_PREFIX")]
    [InlineData("--journal-bucket=journal --journal-bucket-region=x --journal-bucket-retention=5m", "8760h", "BREAKGLASS_JOURNAL_BUCKET_RETENTION")]
    [InlineData("--journal-bucket=journal --journal-bucket-endpoint=minio:9000", "http or https", "BREAKGLASS_JOURNAL_BUCKET_ENDPOINT")]
    [InlineData("--journal-directory=/journal --journal-listen=:9445", "--journal-token-file", "BREAKGLASS_JOURNAL_TOKEN_FILE")]
    [InlineData("--journal-directory=/journal --journal-token-file=TOKEN", "--journal-listen", "BREAKGLASS_JOURNAL_LISTEN")]
    [InlineData("--journal-directory=/journal --journal-token-file=/nowhere --journal-listen=:9445", "cannot be read", "BREAKGLASS_JOURNAL_TOKEN_FILE")]
    [InlineData("--journal-directory=/journal --journal-token-file=TOKEN --journal-listen=:9445 --webhook=false", "certificate", "BREAKGLASS_WEBHOOK")]
    public void What_does_not_fit_together_for_the_journal_names_option_and_variable(string flags, string option, string variable)
    {
        var (key, token) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            File.WriteAllText(key, SigningKey.Of("breakglass.example.com/test", new byte[32]).ToSecretText());
            File.WriteAllText(token, new string('t', 32));
            Problems([.. flags.Replace("TOKEN", token).Split(' '), $"--journal-key={key}"]).Should().ContainSingle()
                .Which.Should().Contain(option).And.Contain(variable);
        }
        finally
        {
            File.Delete(key);
            File.Delete(token);
        }
    }

    [Fact]
    public void A_journal_needs_a_directory_and_a_signing_key()
    {
        var key = Path.GetTempFileName();
        try
        {
            var signing = SigningKey.Of("breakglass.example.com/test", new byte[32]);
            File.WriteAllText(key, signing.ToSecretText());
            Problems(["--journal-directory=/journal"]).Should().ContainSingle().Which.Should().Contain("--journal-key").And.Contain("journal keygen");
            Problems([$"--journal-key={key}"]).Should().ContainSingle().Which.Should().Contain("--journal-directory");
            Good(["--journal-directory=/journal", $"--journal-key={key}"]).ToString().Should().NotContain(signing.ToSecretText()[20..]);

            File.WriteAllText(key, signing.Verifier.ToString());
            Problems(["--journal-directory=/journal", $"--journal-key={key}"])
                .Should().ContainSingle().Which.Should().Contain("does not contain a signing key");
            Problems(["--journal-directory=/journal", "--journal-key=/nowhere"]).Should().ContainSingle().Which.Should().Contain("cannot be read");
        }
        finally
        {
            File.Delete(key);
        }
    }

    [Theory]
    [InlineData("--gateway-url=http://gateway.example:8443", "is not an https URL")]
    [InlineData("--gateway-url=gateway.example:8443", "is not an https URL")]
    [InlineData("--gateway-url=https://gateway.example/cluster-1", "contains a path")]
    [InlineData("--gateway-url=https://gateway.example/?x=1", "a query")]
    [InlineData("--gateway-ca-file=/nowhere --gateway-url=https://gateway.example", "cannot be read")]
    [InlineData("--gateway-extra-names=gateway.internal", "--gateway-url (BREAKGLASS_GATEWAY_URL) is not")]
    public void What_is_wrong_with_the_gateway_is_said(string flags, string words) =>
        Problems(flags.Split(' ')).Should().ContainSingle().Which.Should().Contain("GATEWAY").And.Contain(words);

    [Fact]
    public void A_file_that_every_status_would_repeat_is_small()
    {
        var file = TemporaryCa();
        try
        {
            Good(["--gateway-url=https://gateway.example/", $"--gateway-ca-file={file}"]).GatewayUrl!.Host.Should().Be("gateway.example");
            var one = File.ReadAllText(file);
            File.WriteAllText(file, string.Concat(Enumerable.Repeat(one, 1 + (16 * 1024 / one.Length))));
            Problems(["--gateway-url=https://gateway.example", $"--gateway-ca-file={file}"]).Should().ContainSingle().Which.Should().Contain("16 KiB");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Audit_events_need_a_credential_and_a_certificate()
    {
        var token = Path.GetTempFileName();
        try
        {
            File.WriteAllText(token, "0123456789abcdef0123456789abcdef\n");
            Problems(["--audit-listen=:9444"]).Should().ContainSingle().Which.Should().Contain("--audit-token-file (BREAKGLASS_AUDIT_TOKEN_FILE)")
                .And.Contain("--audit-client-ca (BREAKGLASS_AUDIT_CLIENT_CA)").And.Contain("--audit-listen (BREAKGLASS_AUDIT_LISTEN)");
            Problems([$"--audit-token-file={token}"]).Should().ContainSingle().Which.Should().Contain("--audit-listen");
            Problems(["--audit-listen=:9444", $"--audit-token-file={token}", "--webhook=false"]).Should().ContainSingle().Which
                .Should().Contain("--webhook=true");
            Good(["--audit-listen=:9444", $"--audit-token-file={token}"]).ToString().Should().NotContain("0123456789abcdef");

            File.WriteAllText(token, "0123456789abcdef0123456789abcde");
            Problems(["--audit-listen=:9444", $"--audit-token-file={token}"]).Should().ContainSingle().Which.Should().Contain("openssl rand")
                .And.NotContain("0123456789abcdef");
        }
        finally
        {
            File.Delete(token);
        }
    }

    [Fact]
    public void Forwarding_audit_events_names_all_that_it_lacks() =>
        Problems(["forward-audit", "--file=/var/log/audit.log"]).Should().HaveCount(3).And.Contain(p => p.Contains("--to (BREAKGLASS_TO)"))
            .And.Contain(p => p.Contains("--audit-token-file (BREAKGLASS_AUDIT_TOKEN_FILE)")).And.Contain(p => p.Contains("--position-file"));

    [Fact]
    public void An_empty_variable_is_not_set() => Good([], new() { ["BREAKGLASS_NAMESPACE"] = "" }).Namespace.Should().Be("breakglass-system");

    [Fact]
    public void A_switch_stands_alone_and_takes_no_following_word()
    {
        Good(["--trust-requester"]).TrustRequester.Should().BeTrue();
        Good(["--leader-elect=false"]).LeaderElect.Should().BeFalse();
        Problems(["--trust-requester", "false"]).Should().ContainSingle().Which.Should().Contain("\"false\"");
    }

    [Theory]
    [InlineData(OperatorCommand.Run)]
    [InlineData(OperatorCommand.Run, "run")]
    [InlineData(OperatorCommand.Reap, "reap", "--log-level=debug")]
    [InlineData(OperatorCommand.Version, "version")]
    [InlineData(OperatorCommand.Version, "--version")]
    [InlineData(OperatorCommand.Help, "--help")]
    [InlineData(OperatorCommand.Help, "reap", "-h", "--nonsense")]
    internal void The_first_word_is_the_command(OperatorCommand expected, params string[] arguments) => Good(arguments).Command.Should().Be(expected);

    [Theory]
    [InlineData(":8080", null, 8080)]
    [InlineData("0.0.0.0:1", "0.0.0.0", 1)]
    [InlineData("localhost:0", "127.0.0.1", 0)]
    [InlineData("[::1]:65535", "::1", 65535)]
    public void Listen_addresses_are_read(string text, string? address, int port) =>
        Good([$"--http-address={text}"]).HttpAddress.Should().Be(new ListenAddress(address is null ? null : IPAddress.Parse(address), port));

    [Theory]
    [InlineData("--namespace=Break_Glass", "--namespace (BREAKGLASS_NAMESPACE)", "breakglass-system")]
    [InlineData("--namespace=", "--namespace (BREAKGLASS_NAMESPACE)", "breakglass-system")]
    [InlineData("--grants-namespace=-a", "--grants-namespace (BREAKGLASS_GRANTS_NAMESPACE)", "lower-case")]
    [InlineData("--trust-requester=yes", "--trust-requester (BREAKGLASS_TRUST_REQUESTER)", "true or false")]
    [InlineData("--webhook=off", "--webhook (BREAKGLASS_WEBHOOK)", "true or false")]
    [InlineData("--webhook-address=9443", "--webhook-address (BREAKGLASS_WEBHOOK_ADDRESS)", ":8080")]
    [InlineData("--webhook-extra-names=a b", "--webhook-extra-names (BREAKGLASS_WEBHOOK_EXTRA_NAMES)", "hooks.example")]
    [InlineData("--kubeconfig=", "--kubeconfig", "1 to 1024")]
    [InlineData("--http-address=8080", "--http-address (BREAKGLASS_HTTP_ADDRESS)", ":8080")]
    [InlineData("--http-address=::1:8080", "--http-address", "[::1]:8080")]
    [InlineData("--http-address=:99999", "--http-address", ":8080")]
    [InlineData("--http-address=example.org:80", "--http-address", "IP:PORT")]
    [InlineData("--lease-duration=15", "--lease-duration (BREAKGLASS_LEASE_DURATION)", "15s")]
    [InlineData("--retry-period=0s", "--retry-period (BREAKGLASS_RETRY_PERIOD)", "above zero")]
    [InlineData("--resync=10ms", "--resync (BREAKGLASS_RESYNC)", "0 for never")]
    [InlineData("--resync=2000h", "--resync (BREAKGLASS_RESYNC)", "at most 720h")]
    [InlineData("--lease-duration=2000000h", "--lease-duration (BREAKGLASS_LEASE_DURATION)", "at most 720h")]
    [InlineData("--lease-duration=15500ms", "--lease-duration (BREAKGLASS_LEASE_DURATION)", "whole number of seconds")]
    [InlineData("--workers=0", "--workers (BREAKGLASS_WORKERS)", "1 to 1000")]
    [InlineData("--revocation-workers=many", "--revocation-workers (BREAKGLASS_REVOCATION_WORKERS)", "1 to 1000")]
    [InlineData("--log-level=loud", "--log-level (BREAKGLASS_LOG_LEVEL)", "trace, debug, info")]
    [InlineData("--otlp-endpoint=collector:4317", "--otlp-endpoint (OTEL_EXPORTER_OTLP_ENDPOINT)", "https://")]
    [InlineData("--public-server=http://api:6443", "--public-server (BREAKGLASS_PUBLIC_SERVER)", "https://api.example:6443")]
    [InlineData("--public-ca-file=/does/not/exist", "--public-ca-file (BREAKGLASS_PUBLIC_CA_FILE)", "readable")]
    [InlineData("--cluster-name=a\nb", "--cluster-name (BREAKGLASS_CLUSTER_NAME)", "line breaks")]
    [InlineData("--namespaces=x", "--namespaces", "--help")]
    [InlineData("--workers", "--workers (BREAKGLASS_WORKERS)", "--workers=N")]
    [InlineData("start", "\"start\"", "run, gateway, reap, revoke-all, forward-audit and version")]
    [InlineData("--grants-namespace=breakglass-system", "--grants-namespace (BREAKGLASS_GRANTS_NAMESPACE)", "two namespaces")]
    [InlineData("--lease-duration=10s", "--renew-deadline (BREAKGLASS_RENEW_DEADLINE)", "15s and 10s")]
    [InlineData("--retry-period=9s", "--retry-period (BREAKGLASS_RETRY_PERIOD)", "10s and 2s")]
    public void A_bad_value_is_answered_with_the_option_its_variable_and_what_to_write(string argument, string names, string advice) =>
        Problems([argument]).Should().ContainSingle().Which.Should().Contain(names).And.Contain(advice);

    [Fact]
    public void Everything_wrong_is_reported_at_once()
    {
        var problems = Problems(["--workers=0", "--nonsense", "--lease-duration=1"], new() { ["BREAKGLASS_LOG_LEVEL"] = "loud" });
        problems.Should().HaveCount(4);
        string.Join('\n', problems).Should().ContainAll("--workers", "--nonsense", "--lease-duration", "BREAKGLASS_LOG_LEVEL");
    }

    [Theory]
    [InlineData("https://admin:hunter2@api:6443")]
    [InlineData("https://admin:hunt@hunter2@api:6443")]
    [InlineData("admin:hunter2@api:6443")]
    public void A_password_in_a_URL_is_refused_and_not_repeated(string url)
    {
        var problem = Problems([$"--public-server={url}"]).Should().ContainSingle().Which;
        problem.Should().NotContain("hunter2").And.NotContain("admin").And.Contain("--public-server");
    }

    [Fact]
    public void A_CA_file_with_a_private_key_in_it_is_refused_and_not_repeated()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var file = TemporaryCa(key.ExportPkcs8PrivateKeyPem());
        try
        {
            Problems([$"--public-ca-file={file}"]).Should().ContainSingle().Which.Should().Contain("private key").And.NotContain("BEGIN");
            File.WriteAllText(file, "nothing here");
            Problems([$"--public-ca-file={file}"]).Should().ContainSingle().Which.Should().Contain("no certificate");
            File.WriteAllText(file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
            Problems([$"--public-ca-file={file}"]).Should().ContainSingle().Which.Should().Contain("damaged");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_help_lists_every_option_with_its_variable_and_default()
    {
        var help = OptionParser.Help();
        foreach (var option in OptionTable.All)
        {
            help.Should().Contain($"--{option.Name}").And.Contain(option.Help);
            if (option.Variable is not null) help.Should().Contain(option.Variable);
            help.Should().Contain(option.Show(new OperatorOptions()) is { Length: > 0 } value ? $"default {value}\n" : "not set by default\n");
        }

        help.Should().Contain("reap").And.Contain("version");
    }

    [Fact]
    public void No_command_line_makes_it_throw() =>
        Prop.ForAll(
            Gen.Elements("run", "reap", "--", "--=", "-", "", "=", "--namespace", "--namespace=", "--workers=-1", "--http-address=]:1", "--http-address=[:1",
                "--x", "a\0b", "--otlp-endpoint=http://", "--otlp-endpoint=@://@")
                .ListOf().Select(words => words.ToArray()).ToArbitrary(),
            arguments => OptionParser.Parse(arguments, _ => null, out _) is not null)
        .QuickCheckThrowOnFailure();

    private static OperatorOptions Good(string[] arguments, Dictionary<string, string>? environment = null)
    {
        OptionParser.Parse(arguments, name => environment?.GetValueOrDefault(name), out var options).Should().BeEmpty();
        return options;
    }

    private static IReadOnlyList<string> Problems(string[] arguments, Dictionary<string, string>? environment = null) =>
        OptionParser.Parse(arguments, name => environment?.GetValueOrDefault(name), out _);

    private static string TemporaryCa(string more = "")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var certificate = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256).CreateSelfSigned(start, start.AddYears(10));
        var file = Path.GetTempFileName();
        File.WriteAllText(file, certificate.ExportCertificatePem() + "\n" + more);
        return file;
    }
}
