using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Issues;

/// <summary>Following one grant, where the server refuses watches and answers reads.</summary>
public sealed class FollowIssueTests : IDisposable
{
    private static readonly TimeSpan Limit = Eventually.Limit;

    private readonly Desk _desk = new();

    public FollowIssueTests() => _desk.Server.Put(A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } });

    public void Dispose() => _desk.Dispose();

    [Fact]
    public async Task A_grant_that_nothing_had_changed_for_long_was_asked_for_as_fast_as_the_server_could_answer()
    {
        _desk.Server.SkipRevisions(1000);
        _desk.Server.Compact();
        var run = _desk.RunAsync("watch", "inc-4711");
        await _desk.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
        _desk.Clock.Advance(TimeSpan.FromSeconds(1));
        await _desk.Server.Watches.WhenOpen("breakglassgrants").WaitAsync(Limit, TimeProvider.System);
        Watches().Should().Be(2, "the list says from which version on the server knows changes");

        _desk.SetStatus("inc-4711", g => g.Status with { Phase = GrantPhase.Revoked });
        (await run).Should().Be(0, _desk.Error);
    }

    [Fact]
    public async Task Who_may_read_a_grant_and_list_none_sees_its_end_all_the_same()
    {
        _desk.Server.Put(new V1ClusterRole { Metadata = new() { Name = "r" }, Rules = [A.Rule("breakglass.dev", "breakglassgrants", "get", "watch")] });
        _desk.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "x" }, RoleRef = new() { Kind = "ClusterRole", Name = "r" },
            Subjects = [Bound.Group("on-call")] });
        _desk.User = new FakeUser("alice", "on-call");
        _desk.Server.SkipRevisions(1000);
        _desk.Server.Compact();
        var run = _desk.RunAsync("watch", "inc-4711");
        await _desk.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
        _desk.SetStatus("inc-4711", g => g.Status with { Phase = GrantPhase.Revoked });
        _desk.Server.Compact();
        _desk.Clock.Advance(TimeSpan.FromSeconds(1));
        (await run).Should().Be(0, _desk.Error);
    }

    [Fact]
    public async Task A_server_too_busy_for_watches_was_asked_again_without_a_pause()
    {
        using var busy = _desk.Server.Faults.Inject(Fault.TooManyRequests(), "watch", "breakglassgrants", times: null);
        using var interrupt = new CancellationTokenSource();
        var run = _desk.RunAsync(interrupt.Token, "watch", "inc-4711");
        for (var second = 1; second <= 3; second++)
        {
            await _desk.Clock.WhenTimerArmed(TimeSpan.FromSeconds(1)).WaitAsync(Limit, TimeProvider.System);
            Watches().Should().Be(second);
            _desk.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await interrupt.CancelAsync();
        (await run).Should().Be(130);
    }

    private int Watches() => _desk.Server.Requests.All.Count(r => r.Call.Is("watch", "breakglassgrants"));
}
