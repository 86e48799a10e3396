using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Core.Credentials;
using BreakGlass.Operator.Logging;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace BreakGlass.Operator.Tests.Logging;

public sealed class JsonLineFormatterTests
{
    private const string Token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

    [Fact]
    public void An_entry_is_one_line_with_the_time_in_UTC_the_scope_and_the_values()
    {
        var scopes = new LoggerExternalScopeProvider();
        using (scopes.Push(new Dictionary<string, object?> { ["reconcileID"] = "abc", ["attempt"] = 2 }))
        using (scopes.Push("by hand"))
        {
            var line = Write(LogLevel.Warning, "grant inc-4711\nis late: ä \"x\"", scopes: scopes,
                values: [new("grant", "inc-4711"), new("late", 1.5), new("reconcileID", "other"), new("{OriginalFormat}", "…")]);
            line.Should().Be("""
                {"time":"2026-11-22T01:02:03.456Z","level":"warning","logger":"Grants","msg":"grant inc-4711\nis late: ä \"x\"","reconcileID":"abc","attempt":2,"grant":"inc-4711","late":1.5,"scopes":["by hand"]}

                """);
        }
    }

    [Fact]
    public void An_exception_comes_with_its_cause_and_stays_on_the_line()
    {
        var line = Write(LogLevel.Error, "failed", new InvalidOperationException("outer", new IOException("inner")));
        line.Count(c => c == '\n').Should().Be(1);
        JsonNode.Parse(line)!["error"]!.GetValue<string>().Should().Contain("outer").And.Contain("inner");
    }

    [Fact]
    public void No_secret_gets_out_by_message_value_scope_or_exception()
    {
        using var ec = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        RecipientKey.TryParse(RecipientKey.PublicJwk(ec, "k"), out var key, out _).Should().BeTrue();
        var kubeconfig = Encoding.UTF8.GetString(CredentialKubeconfig.Render(new Uri("https://api:6443"), null, "c", "g", "n", Token));
        var jwe = Jwe.Encrypt("content"u8, key!, "application/yaml");
        var pem = ec.ExportPkcs8PrivateKeyPem();
        foreach (var (text, secret) in new[]
        {
            (Token, Token), ("Authorization: Bearer " + Token, Token), ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
            (kubeconfig, Token), (jwe, jwe), ("before " + jwe[..60], jwe[3..60]), (pem, pem[40..80]), ("client-key-data: \"c2VjcmV0IGtleQ==\"", "c2VjcmV0"),
        })
        {
            var scopes = new LoggerExternalScopeProvider();
            using (scopes.Push(new Dictionary<string, object?> { ["a"] = text }))
            using (scopes.Push(text))
            {
                var line = Write(LogLevel.Error, "said " + text + " end", new IOException("read " + text, new IOException(text)), scopes,
                    [new("value", text), new("wrapped", new StringBuilder(text))]);
                foreach (var part in secret.Split('.', '\n').Where(part => part.Length > 7)) line.Should().NotContain(part);
                line.Should().Contain("[redacted]").And.Contain("said ").And.Contain("\"value\"");
            }
        }
    }

    [Theory]
    [InlineData("grant inc-4711 is active until 2026-11-22T02:02:03Z")]
    [InlineData("the token was refused: bearer token is missing")]
    [InlineData("certificate-authority-data is not base64")]
    [InlineData("spec.recipientKey: this holds a PRIVATE KEY; send only the public part")]
    public void What_is_no_secret_stays_as_it_is(string text) => SecretMask.Apply(text).Should().Be(text);

    [Fact]
    public void Masking_a_hostile_text_takes_no_time_worth_naming()
    {
        foreach (var text in new[] { string.Concat(Enumerable.Repeat("eyJ", 200_000)), string.Concat(Enumerable.Repeat("-----BEGIN PRIVATE KEY----", 20_000)),
            string.Concat(Enumerable.Repeat("bearer ", 100_000)), string.Concat(Enumerable.Repeat("client-key-data  ", 50_000)) })
        {
            new Action(() => SecretMask.Apply(text)).Should().NotThrow("the expressions have a time-out of a second");
        }
    }

    [Fact]
    public void The_factory_writes_only_what_is_serious_enough()
    {
        using var logs = OperatorLogging.Create(LogLevel.Warning);
        var logger = logs.CreateLogger("x");
        logger.IsEnabled(LogLevel.Warning).Should().BeTrue();
        logger.IsEnabled(LogLevel.Information).Should().BeFalse();
    }

    private static string Write(
        LogLevel level, string message, Exception? exception = null, IExternalScopeProvider? scopes = null, params KeyValuePair<string, object?>[] values)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var entry = new LogEntry<IReadOnlyList<KeyValuePair<string, object?>>>(level, "Grants", new EventId(1), values, exception, (_, _) => message);
        new JsonLineFormatter(new FixedTime()).Write(entry, scopes, text);
        return text.ToString();
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 22, 2, 2, 3, 456, TimeSpan.FromHours(1));
    }
}
