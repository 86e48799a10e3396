using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

public sealed class CompletionTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public CompletionTests()
    {
        _plugin.Server.Put(A.Policy(p => p with { Description = "Payments on-call" }));
        _plugin.Server.Put(A.FinishedGrant(GrantPhase.Expired));
    }

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("re", "replay\t*report\t*request\t*review\t*revoke\t*:4")]
    [InlineData("request p", "payments-oncall\tPayments on-call\n:4")]
    [InlineData("--context x request p", "payments-oncall\tPayments on-call\n:4")]
    [InlineData("revoke ", "inc-4711\tExpired alice\n:4")]
    [InlineData("list p", "policies\n:4")]
    [InlineData("list --output=j", "json\n:4")]
    [InlineData("list --output = j", "json\n:4")]
    [InlineData("list --output =", "json\nname\nwide\nyaml\n:4")]
    [InlineData("rotate ", "all\ngateway-ca\njournal-key\nseals\nwebhook-ca\n:4")]
    [InlineData("completion ", "bash\nfish\nkubectl\nzsh\n:4")]
    [InlineData("list -o ", "json\nname\nwide\nyaml\n:4")]
    [InlineData("credential --policy ", "payments-oncall\tPayments on-call\n:4")]
    [InlineData("review inc-4711 --out", "--outcome\t*--output\t*:4")]
    [InlineData("lint ", ":0")]
    [InlineData("voucher i", "inspect\t*issue\t*:4")]
    [InlineData("voucher sign ", ":0")]
    [InlineData("voucher issue --holder ", ":0")]
    [InlineData("voucher kit o", "open\tOpen a kit.\n:4")]
    [InlineData("request payments-oncall -- kub", ":0")]
    public async Task The_shell_is_told_what_can_follow(string words, string expected)
    {
        (await _plugin.RunAsync(["__complete", .. words.Split(' ')])).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Match(expected + "\n");
        _plugin.Error.Should().BeEmpty();
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_makes_no_noise()
    {
        _plugin.User = new FakeUser("mallory");
        (await _plugin.RunAsync("__complete", "request", "")).Should().Be(0);
        (_plugin.Out + _plugin.Error).Should().Be(":4\n");
    }

    [Fact]
    public async Task The_help_shows_every_command_and_its_examples()
    {
        (await _plugin.RunAsync("--help")).Should().Be(0);
        Golden.Check(_plugin.Out, "help.txt");
        _plugin.Clear();
        await _plugin.RunAsync("request", "--help");
        _plugin.Out.Should().Contain("Examples:").And.Contain("eval \"$(kubectl breakglass request").And.NotContain("--requester", "it is not for people");
    }
}
