using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>A policy with path Gateway: the credential is a certificate, and the kubeconfig connects to the gateway.</summary>
public sealed class GatewayTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public GatewayTests() => _plugin.Server.Put(A.Policy(s => s with { Session = new() { Path = SessionPath.Gateway } }));

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_request_joins_the_gateway_of_the_status_with_the_key_that_never_left_the_machine()
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down");
        var grant = await ActivateAsync();

        (await run).Should().Be(0, _plugin.Error);
        var kubeconfig = await File.ReadAllTextAsync(Path.Combine(_plugin.CredentialDirectory, $"{grant.Metadata.Name}.kubeconfig"));
        Line(kubeconfig, "server").Should().Be("https://gateway.example:8443", "the API server accepts no such certificate");
        Data(kubeconfig, "certificate-authority-data").Should().Be("the authority");
        var certificate = Data(kubeconfig, "client-certificate-data");
        certificate.Should().Be(grant.Status.Gateway!.Certificate);
        using var pair = X509Certificate2.CreateFromPem(certificate, Data(kubeconfig, "client-key-data"));
        pair.HasPrivateKey.Should().BeTrue();
        kubeconfig.Should().NotContain("token:").And.NotContain("api.example.test");
        _plugin.Error.Should().Contain("through the gateway");
        (_plugin.Out + _plugin.Error).Should().NotContain("PRIVATE KEY").And.NotContain(Line(kubeconfig, "client-key-data"));
    }

    [Fact]
    public async Task A_command_gets_it_too_and_the_grant_ends_with_the_command()
    {
        string? seen = null;
        _plugin.Child = (command, _) =>
        {
            seen = File.ReadAllText(command.Kubeconfig!);
            return Task.FromResult(0);
        };
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--", "kubectl", "get", "pods");
        var grant = await ActivateAsync();

        (await run).Should().Be(0, _plugin.Error);
        Line(seen!, "server").Should().Be("https://gateway.example:8443");
        _plugin.Server.Get<BreakGlassGrant>(grant.Metadata.Name)!.Spec.Revoke.Should().NotBeNull();
    }

    [Theory]
    [InlineData("http://gateway.example:8443", "status.gateway.server")]
    [InlineData("somewhere", "status.gateway.server")]
    public async Task A_gateway_without_TLS_is_not_used(string server, string field)
    {
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down");
        var asked = await _plugin.AskedAsync();
        _plugin.ActivateGateway(asked.Metadata.Name, server);

        (await run).Should().Be(1);
        _plugin.Error.Should().Contain(field);
        _plugin.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task A_certificate_for_another_key_is_not_used()
    {
        using var other = RSA.Create(2048);
        var run = _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down");
        var asked = await _plugin.AskedAsync();
        _plugin.ActivateGateway(asked.Metadata.Name, otherKey: other);

        (await run).Should().NotBe(0);
        _plugin.Out.Should().BeEmpty();
    }

    [Fact]
    public async Task Without_waiting_the_credential_is_in_the_Secret_and_use_takes_it()
    {
        (await _plugin.RunAsync("request", "payments-oncall", "--reason", "checkout is down", "--wait=false", "--name", "inc-1"))
            .Should().Be(0, _plugin.Error);
        _plugin.ActivateGateway("inc-1");
        _plugin.Clear();

        (await _plugin.RunAsync("use", "inc-1", "-f", "-")).Should().Be(0, _plugin.Error);
        Line(_plugin.Out, "server").Should().Be("https://gateway.example:8443");
        using var pair = X509Certificate2.CreateFromPem(Data(_plugin.Out, "client-certificate-data"), Data(_plugin.Out, "client-key-data"));
        pair.HasPrivateKey.Should().BeTrue();
    }

    [Fact]
    public async Task The_credential_plugin_prints_certificate_and_key_and_keeps_them()
    {
        string[] plugin = ["credential", "--policy", "payments-oncall", "--reason", "checkout is down"];
        var run = _plugin.RunAsync(plugin);
        var grant = await ActivateAsync();
        (await run).Should().Be(0, _plugin.Error);
        var status = JsonNode.Parse(_plugin.Out)!["status"]!;
        status["token"].Should().BeNull();
        status["clientCertificateData"]!.ToString().Should().Be(grant.Status.Gateway!.Certificate);
        var key = status["clientKeyData"]!.ToString();
        using var pair = X509Certificate2.CreateFromPem(grant.Status.Gateway.Certificate, key);
        _plugin.Error.Should().NotContain("PRIVATE KEY");

        _plugin.Clear();
        _plugin["KUBECTL_BREAKGLASS_CREDENTIAL"] = "";
        (await _plugin.RunAsync(plugin)).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!["status"]!["clientKeyData"]!.ToString().Should().Be(key);
        _plugin.Server.List<BreakGlassGrant>().Should().ContainSingle("the grant that is live is used");
    }

    [Fact]
    public async Task A_named_grant_gives_the_certificate_of_its_Secret()
    {
        _plugin.Server.Put(A.Grant());
        _plugin.ActivateGateway("inc-4711");
        (await _plugin.RunAsync("credential", "--grant", "inc-4711")).Should().Be(0, _plugin.Error);
        var status = JsonNode.Parse(_plugin.Out)!["status"]!;
        using var pair = X509Certificate2.CreateFromPem(status["clientCertificateData"]!.ToString(), status["clientKeyData"]!.ToString());
        pair.HasPrivateKey.Should().BeTrue();
    }

    [Fact]
    public async Task The_plan_and_the_report_show_the_path()
    {
        _plugin.Server.CreateNamespace("payments");
        _plugin.Server.Put(A.ClusterRole("edit", A.Rule("apps", "deployments", "get", "update")));
        (await _plugin.RunAsync("plan", "payments-oncall")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("Through the gateway, with a client certificate");
        _plugin.Clear();
        (await _plugin.RunAsync("plan", "payments-oncall", "-o", "json")).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!["path"]!.ToString().Should().Be("Gateway");

        _plugin.Server.Put(A.Grant());
        _plugin.ActivateGateway("inc-4711");
        _plugin.Clear();
        (await _plugin.RunAsync("report", "inc-4711")).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("| Path | Gateway (https://gateway.example:8443) |");
    }

    private async Task<BreakGlassGrant> ActivateAsync() => _plugin.ActivateGateway((await _plugin.AskedAsync()).Metadata.Name);

    private static string Line(string kubeconfig, string key) =>
        kubeconfig.Split('\n').Select(l => l.Trim()).Single(l => l.StartsWith($"{key}: ", StringComparison.Ordinal))[(key.Length + 2)..].Trim('"');

    private static string Data(string kubeconfig, string key) => Encoding.UTF8.GetString(Convert.FromBase64String(Line(kubeconfig, key)));
}
