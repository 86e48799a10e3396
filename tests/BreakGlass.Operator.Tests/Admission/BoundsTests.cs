using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using BreakGlass.Operator.Admission;
using FluentAssertions;
using Kube.Model;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>What one person may make large or many.</summary>
public sealed class BoundsTests : IAsyncLifetime
{
    private static readonly UserInfo Alice = Desk.User("alice", "payments-oncall");

    private Desk _desk = null!;

    public async Task InitializeAsync()
    {
        _desk = await Desk.OpenAsync();
        _desk.LetBind("author");
        (await _desk.CreateAsync(A.Policy(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }, "jit"), Desk.User("author"))).Message.Should().BeNull();
    }

    public Task DisposeAsync()
    {
        _desk.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_grant_with_an_annotation_of_240_KiB_is_refused()
    {
        var grant = Ask("g1");
        var answer = await _desk.CreateAsync(grant.WithMetadata(grant.Metadata with { Annotations = new Dictionary<string, string> { ["a"] = new('x', 240 * 1024) } }), Alice);
        answer.Message.Should().Contain("at most 16384");
    }

    [Fact]
    public async Task A_finalizer_of_somebody_else_holds_up_no_approval()
    {
        (await _desk.CreateAsync(Ask("g1"), Alice)).Message.Should().BeNull();
        var approval = new BreakGlassApproval { Metadata = new() { Name = "yes", Finalizers = ["example.com/hold"] }, Spec = new() { Grant = "g1", Decision = "Approve" } };
        (await _desk.CreateAsync(approval, Desk.User("carol", "approvers"))).Message.Should().Contain("metadata.finalizers");
    }

    [Fact]
    public async Task Of_six_requests_at_once_five_may_wait()
    {
        for (var i = 0; i < 5; i++) (await _desk.CreateAsync(Ask($"g{i}"), Alice)).Message.Should().BeNull();
        (await _desk.CreateAsync(Ask("g5"), Alice)).Message.Should().Contain("at most 5 may");
        (await _desk.CreateAsync(Ask("g0"), Alice)).Message.Should().BeNull("the same request again is no further one");
        (await _desk.CreateAsync(Ask("other"), Desk.User("bob", "payments-oncall"))).Message.Should().BeNull("the limit is each person's own");
    }

    [Fact]
    public async Task Requests_that_the_cache_shows_count_as_long_as_they_wait()
    {
        for (var i = 0; i < 5; i++) _desk.Waiting.Add(Ask($"g{i}", "alice"));
        (await _desk.CreateAsync(Ask("more"), Alice)).Allowed.Should().BeFalse();
        _desk.Waiting[0] = _desk.Waiting[0] with { Status = new() { Phase = GrantPhase.Denied } };
        (await _desk.CreateAsync(Ask("more"), Alice)).Message.Should().BeNull();
    }

    [Fact]
    public void A_burst_in_parallel_gets_exactly_as_many_through_as_may_wait()
    {
        var pending = new PendingRequests(_ => [], new FakeClock());
        var policy = A.Policy(s => s with { Mode = PolicyMode.JustInTime, Limits = new() { MaxPending = 7 } });
        var refused = Enumerable.Range(0, 200).AsParallel().Count(i => pending.Check(Ask($"g{i}", "alice"), policy, isDryRun: false) is not null);
        refused.Should().Be(193);
    }

    [Fact]
    public void Requests_of_mode_BreakGlass_do_not_wait_and_are_not_counted()
    {
        var pending = new PendingRequests(_ => [.. Enumerable.Range(0, 100).Select(i => Ask($"g{i}", "alice"))], new FakeClock());
        pending.Check(Ask("more", "alice"), A.Policy(), isDryRun: false).Should().BeNull();
    }

    private static BreakGlassGrant Ask(string name, string? requester = null) =>
        A.Grant(s => s with { Policy = "jit", Requester = requester is null ? null : new() { Username = requester } }, name);
}
