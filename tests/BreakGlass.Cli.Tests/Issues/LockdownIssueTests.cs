using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>The kill switch, where it shut or opened something else than what was meant.</summary>
public sealed class LockdownIssueTests : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task Lifting_by_a_selector_lifted_the_only_lockdown_whatever_it_shut()
    {
        _plugin.Server.Put(A.Lockdown(name: "everything"));
        (await _plugin.RunAsync("lockdown", "--lift", "--selector", "team=payments")).Should().Be(2);
        _plugin.Error.Should().Contain("NAME --lift");
        _plugin.Server.List<BreakGlassLockdown>().Should().ContainSingle();
    }

    [Theory]
    [InlineData("team=payments,team=search", "'team in (…)'")]
    [InlineData("", "--selector is empty")]
    [InlineData(" ", "--selector is empty")]
    public async Task Of_two_values_of_a_label_only_the_last_was_shut_and_with_none_everything(string selector, string words)
    {
        (await _plugin.RunAsync("lockdown", "--reason", "token leaked", "--wait=false", "--selector", selector)).Should().Be(2);
        _plugin.Error.Should().Contain(words);
        _plugin.Server.List<BreakGlassLockdown>().Should().BeEmpty();
    }

    [Fact]
    public async Task Whoever_stopped_waiting_was_not_told_that_everything_stays_shut()
    {
        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "lockdown", "leak", "--reason", "token leaked");
        await _plugin.Server.Until(() => _plugin.Server.Watches.Open.Count > 0, "a watch").WaitAsync(Limit, TimeProvider.System);
        await interrupt.CancelAsync();

        (await run).Should().Be(130);
        _plugin.Error.Should().Contain("lockdown 'leak' stays engaged").And.Contain("kubectl breakglass lockdown leak --lift");
        _plugin.Server.List<BreakGlassLockdown>().Should().ContainSingle();
    }

    [Fact]
    public async Task A_name_that_is_taken_was_to_be_replaced_by_an_option_that_lockdown_does_not_have()
    {
        _plugin.Server.Put(A.Lockdown(name: "leak"));
        (await _plugin.RunAsync("lockdown", "leak", "--reason", "token leaked")).Should().Be(1);
        _plugin.Error.Should().NotContain("--name").And.Contain("another name");
    }
}
