using System.Text.Json.Nodes;
using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

public sealed class CredentialTests : IDisposable
{
    private static readonly string[] Plugin = ["credential", "--policy", "payments-oncall", "--reason", "checkout is down"];

    private readonly PluginHarness _plugin = new();

    public CredentialTests() => _plugin.Server.Put(A.Policy());

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("client.authentication.k8s.io/v1")]
    [InlineData("client.authentication.k8s.io/v1beta1")]
    public async Task It_prints_the_token_in_the_version_that_kubectl_asks_for_and_nowhere_else(string version)
    {
        _plugin["KUBERNETES_EXEC_INFO"] = "{\"apiVersion\":\"" + version + "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}";
        var run = _plugin.RunAsync(Plugin);
        _plugin.Activate((await _plugin.AskedAsync()).Metadata.Name, "s3cret");

        (await run).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("{\"apiVersion\":\"" + version
            + "\",\"kind\":\"ExecCredential\",\"status\":{\"expirationTimestamp\":\"2026-11-22T02:02:03Z\",\"token\":\"s3cret\"}}\n");
        _plugin.Error.Should().NotContain("s3cret");
        var kept = Directory.GetFiles(_plugin.CredentialDirectory, "*.credential").Should().ContainSingle().Subject;
        File.GetUnixFileMode(kept).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_live_grant_is_used_again_and_one_that_is_over_is_not()
    {
        await FirstAsync();
        _plugin["KUBECTL_BREAKGLASS_CREDENTIAL"] = "";
        (await _plugin.RunAsync(Plugin)).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("first");
        _plugin.Server.List<BreakGlassGrant>().Should().ContainSingle("the grant that is live is used");

        var before = _plugin.Server.List<BreakGlassGrant>()[0].Metadata.Name;
        _plugin.SetStatus(before, g => g.Status with { Phase = GrantPhase.Revoked });
        _plugin.Clear();
        _plugin["KUBECTL_BREAKGLASS_CREDENTIAL"] = "";
        var run = _plugin.RunAsync(Plugin);
        await _plugin.Server.Until(() => _plugin.Server.List<BreakGlassGrant>().Count == 2, "a second grant").WaitAsync(Eventually.Limit);
        _plugin.Activate(_plugin.Server.List<BreakGlassGrant>().Single(g => g.Metadata.Name != before).Metadata.Name, "second");
        (await run).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Contain("second");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-10)]
    public async Task It_ends_for_kubectl_when_it_ends_for_the_API_server_though_this_machines_clock_is_wrong(int minutes)
    {
        _plugin.Server.DateSkew = TimeSpan.FromMinutes(minutes);
        var run = _plugin.RunAsync(Plugin);
        _plugin.Activate((await _plugin.AskedAsync()).Metadata.Name, "s3cret");
        (await run).Should().Be(0, _plugin.Error);

        var ends = (DateTimeOffset)JsonNode.Parse(_plugin.Out)!["status"]!["expirationTimestamp"]!;
        ends.Should().BeCloseTo(A.Start.AddHours(1).AddMinutes(-minutes), TimeSpan.FromSeconds(2), "kubectl compares it with this machine's clock");
        _plugin.Error.Should().Contain("access works until 2026-11-22T02:02:03");
    }

    [Fact]
    public async Task A_context_that_would_ask_itself_for_its_credential_is_said_instead_of_looping()
    {
        _plugin["KUBECTL_BREAKGLASS_CREDENTIAL"] = "1";
        (await _plugin.RunAsync(Plugin)).Should().Be(2);
        _plugin.Error.Should().Contain("--context");
    }

    [Fact]
    public async Task A_named_grant_gives_the_token_of_its_secret()
    {
        _plugin.Server.CreateNamespace("breakglass-grants");
        _plugin.Server.Put(new V1Secret { Metadata = new() { Name = "inc-4711-abc", NamespaceProperty = "breakglass-grants" },
            Data = new Dictionary<string, byte[]> { ["token"] = "s3cret"u8.ToArray() } });
        _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start
            .AddHours(1), CredentialExpiresAt = A.Start.AddMinutes(30), CredentialSecret = "breakglass-grants/inc-4711-abc" } });

        (await _plugin.RunAsync("credential", "--grant", "inc-4711")).Should().Be(0, _plugin.Error);
        JsonNode.Parse(_plugin.Out)!["status"]!.ToJsonString().Should().Be("""{"expirationTimestamp":"2026-11-22T01:32:03Z","token":"s3cret"}""");
    }

    [Fact]
    public async Task A_denial_leaves_standard_output_empty_so_that_kubectl_shows_the_reason()
    {
        var run = _plugin.RunAsync(Plugin);
        _plugin.Deny((await _plugin.AskedAsync()).Metadata.Name, "RequesterNotAllowed", "'alice' is not among the requesters.");
        (await run).Should().Be(3);
        _plugin.Out.Should().BeEmpty();
        _plugin.Error.Should().Contain("not among the requesters");
    }

    private async Task FirstAsync()
    {
        var run = _plugin.RunAsync(Plugin);
        _plugin.Activate((await _plugin.AskedAsync()).Metadata.Name, "first");
        (await run).Should().Be(0, _plugin.Error);
        _plugin.Clear();
    }
}
