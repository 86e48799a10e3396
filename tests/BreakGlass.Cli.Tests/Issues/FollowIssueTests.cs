using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>Following one grant, where the server refuses watches and answers reads.</summary>
public sealed class FollowIssueTests : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly PluginHarness _plugin = new();

    public FollowIssueTests() => _plugin.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public async Task A_grant_that_nothing_had_changed_for_long_was_asked_for_as_fast_as_the_server_could_answer()
    {
        _plugin.Server.SkipRevisions(1000);
        _plugin.Server.Compact();
        var run = _plugin.RunAsync("watch", "inc-4711");
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
        _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
        await _plugin.Server.Watches.WhenOpen("breakglassgrants").WaitAsync(Limit, TimeProvider.System);
        Watches().Should().Be(2, "the list says from which version on the server knows changes");

        _plugin.SetStatus("inc-4711", g => g.Status with { Phase = GrantPhase.Revoked });
        (await run).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task Who_may_read_a_grant_and_list_none_sees_its_end_all_the_same()
    {
        _plugin.Server.Put(new V1ClusterRole { Metadata = new() { Name = "r" }, Rules = [A.Rule("breakglass.dev", "breakglassgrants", "get", "watch")] });
        _plugin.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "r" },
            Subjects = [Bound.Group("on-call")] });
        _plugin.User = new FakeUser("alice", "on-call");
        _plugin.Server.SkipRevisions(1000);
        _plugin.Server.Compact();
        var run = _plugin.RunAsync("watch", "inc-4711");
        await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
        _plugin.SetStatus("inc-4711", g => g.Status with { Phase = GrantPhase.Revoked });
        _plugin.Server.Compact();
        _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
        (await run).Should().Be(0, _plugin.Error);
    }

    [Fact]
    public async Task A_server_too_busy_for_watches_was_asked_again_without_a_pause()
    {
        using var busy = _plugin.Server.Faults.Inject(Fault.TooManyRequests(), "watch", "breakglassgrants", times: null);
        using var interrupt = new CancellationTokenSource();
        var run = _plugin.RunAsync(interrupt.Token, "watch", "inc-4711");
        for (var second = 1; second <= 3; second++)
        {
            await _plugin.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
            Watches().Should().Be(second);
            _plugin.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await interrupt.CancelAsync();
        (await run).Should().Be(130);
    }

    private int Watches() => _plugin.Server.Requests.All.Count(r => r.Call.Is("watch", "breakglassgrants"));
}
