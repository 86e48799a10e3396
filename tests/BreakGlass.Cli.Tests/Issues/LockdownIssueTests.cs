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

    private readonly Desk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Fact]
    public async Task Lifting_by_a_selector_lifted_the_only_lockdown_whatever_it_shut()
    {
        _desk.Server.Put(A.Lockdown(name: "everything"));
        (await _desk.RunAsync("lockdown", "--lift", "--selector", "team=payments")).Should().Be(2);
        _desk.Error.Should().Contain("NAME --lift");
        _desk.Server.List<BreakGlassLockdown>().Should().ContainSingle();
    }

    [Theory]
    [InlineData("team=payments,team=search", "'team in (…)'")]
    [InlineData("", "--selector is empty")]
    [InlineData(" ", "--selector is empty")]
    public async Task Of_two_values_of_a_label_only_the_last_was_shut_and_with_none_everything(string selector, string words)
    {
        (await _desk.RunAsync("lockdown", "--reason", "token leaked", "--wait=false", "--selector", selector)).Should().Be(2);
        _desk.Error.Should().Contain(words);
        _desk.Server.List<BreakGlassLockdown>().Should().BeEmpty();
    }

    [Fact]
    public async Task Whoever_stopped_waiting_was_not_told_that_everything_stays_shut()
    {
        using var interrupt = new CancellationTokenSource();
        var run = _desk.RunAsync(interrupt.Token, "lockdown", "leak", "--reason", "token leaked");
        await _desk.Server.Until(() => _desk.Server.Watches.Open.Count > 0, "a watch").WaitAsync(Limit, TimeProvider.System);
        await interrupt.CancelAsync();

        (await run).Should().Be(130);
        _desk.Error.Should().Contain("lockdown 'leak' stays engaged").And.Contain("kubectl breakglass lockdown leak --lift");
        _desk.Server.List<BreakGlassLockdown>().Should().ContainSingle();
    }

    [Fact]
    public async Task A_name_that_is_taken_was_to_be_replaced_by_an_option_that_lockdown_does_not_have()
    {
        _desk.Server.Put(A.Lockdown(name: "leak"));
        (await _desk.RunAsync("lockdown", "leak", "--reason", "token leaked")).Should().Be(1);
        _desk.Error.Should().NotContain("--name").And.Contain("another name");
    }
}
