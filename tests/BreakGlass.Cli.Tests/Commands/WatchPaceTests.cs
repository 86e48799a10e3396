using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>How often a watch is opened that an API server in trouble ends at once.</summary>
public sealed class WatchPaceTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly PluginHarness _plugin = new();

    public WatchPaceTests() => _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData("inc-4711")]
    [InlineData(null)]
    public async Task A_watch_that_the_server_closed_at_once_was_opened_again_without_a_pause(string? grant)
    {
        using var enough = new CancellationTokenSource();
        string[] args = grant is null ? ["watch"] : ["watch", grant];
        var run = _plugin.RunAsync(enough.Token, args);
        for (var second = 1; second <= 3; second++)
        {
            await _plugin.Server.Watches.WhenOpen("breakglassgrants").WaitAsync(Eventually.Limit, TimeProvider.System);
            _plugin.Server.Watches.Close();
            await PausesAsync(second);
        }

        await enough.CancelAsync();
        (await run).Should().Be(130);
    }

    [Fact]
    public async Task A_watch_of_all_grants_whose_version_was_always_too_old_was_opened_again_without_a_pause()
    {
        using var old = _plugin.Server.Faults.Inject(Fault.Expired, "watch", "breakglassgrants", times: null);
        using var enough = new CancellationTokenSource();
        var run = _plugin.RunAsync(enough.Token, "watch");
        for (var second = 1; second <= 3; second++) await PausesAsync(second);
        await enough.CancelAsync();
        (await run).Should().Be(130);
    }

    /// <summary>Waits until nothing happens before a second has passed, with so many watches until then, and lets it pass.</summary>
    private async Task PausesAsync(int watches)
    {
        await _plugin.Clock.WhenTimerArmed(Second).WaitAsync(Eventually.Limit, TimeProvider.System);
        _plugin.Server.Requests.All.Count(r => r.Call.Is("watch", "breakglassgrants")).Should().Be(watches);
        _plugin.Clock.Advance(Second);
    }
}
