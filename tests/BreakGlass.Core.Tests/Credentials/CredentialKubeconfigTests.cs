using System.Text;
using BreakGlass.Core.Credentials;
using FluentAssertions;
using Xunit;

namespace BreakGlass.Core.Tests.Credentials;

public sealed class CredentialKubeconfigTests
{
    private static readonly Uri Server = new("https://api.example:6443");

    [Fact]
    public void It_is_the_file_that_a_person_expects() =>
        Render("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "kubernetes", "payments").Should().Be(
            """
            apiVersion: v1
            kind: Config
            clusters:
            - name: "kubernetes"
              cluster:
                server: "https://api.example:6443"
                certificate-authority-data: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
            users:
            - name: "inc-4711"
              user:
                token: "eyJ.a.b"
            contexts:
            - name: "inc-4711"
              context:
                cluster: "kubernetes"
                user: "inc-4711"
                namespace: "payments"
            current-context: "inc-4711"

            """);

    [Fact]
    public void For_the_gateway_it_has_the_certificate_and_its_key_and_no_token() =>
        Encoding.UTF8.GetString(CredentialKubeconfig.Render(
            new() { Server = "https://gateway.example:8443", CaBundle = "authority", Certificate = "certificate" }, "kubernetes", "inc-4711", "payments",
            "key"))
            .Should().Be(
            """
            apiVersion: v1
            kind: Config
            clusters:
            - name: "kubernetes"
              cluster:
                server: "https://gateway.example:8443"
                certificate-authority-data: "YXV0aG9yaXR5"
            users:
            - name: "inc-4711"
              user:
                client-certificate-data: "Y2VydGlmaWNhdGU="
                client-key-data: "a2V5"
            contexts:
            - name: "inc-4711"
              context:
                cluster: "kubernetes"
                user: "inc-4711"
                namespace: "payments"
            current-context: "inc-4711"

            """);

    [Fact]
    public void Without_a_namespace_it_works_in_default_and_without_a_CA_it_names_none() =>
        Render(null, "kubernetes", null).Should().Contain("namespace: \"default\"").And.NotContain("certificate-authority");

    [Fact]
    public void The_name_in_the_certificate_is_kept() =>
        Encoding.UTF8.GetString(CredentialKubeconfig.Render(Server, null, "c", "g", null, "t", "kubernetes.default"))
            .Should().Contain("    tls-server-name: \"kubernetes.default\"\n");

    [Theory]
    [InlineData("a: b # c")]
    [InlineData("\"quoted\" and \\ back")]
    [InlineData("line\nbreak\ttab\u0001")]
    [InlineData("Z\u00fcrich \ud83d\ude92")]
    [InlineData("\u0085\u2028")]
    [InlineData("true")]
    public void Any_name_stays_one_text_on_one_line(string name)
    {
        var lines = Render(null, name, "payments").Split('\n');
        lines.Should().HaveCount(18);
        Unquote(lines[3]["- name: ".Length..]).Should().Be(name);
        Unquote(lines[13]["    cluster: ".Length..]).Should().Be(name);
    }

    [Fact]
    public void It_starts_without_a_byte_order_mark() => CredentialKubeconfig.Render(Server, null, "c", "g", null, "t")[0].Should().Be((byte)'a');

    private static string Render(string? ca, string cluster, string? contextNamespace) =>
        Encoding.UTF8.GetString(CredentialKubeconfig.Render(Server, ca, cluster, "inc-4711", contextNamespace, "eyJ.a.b"));

    // The escapes used are those that YAML's double-quoted style shares with JSON.
    private static string Unquote(string text) => System.Text.Json.Nodes.JsonNode.Parse(text)!.GetValue<string>();
}
