using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>
/// How many requests of one person wait: replicas that admit at the same time do not see each other's, so that the bound is kept once more when a request is
/// decided.
/// </summary>
public sealed class PendingLimitTests
{
    private static readonly DateTimeOffset Before = A.Start.AddSeconds(-1);

    /// <summary>The other requests (name, who, phase, whether it is older), and what becomes of this one.</summary>
    private static readonly Dictionary<string, (BreakGlassGrant[] Siblings, GrantPhase? Phase)> Cases = new()
    {
        ["there is room"] = ([Sibling("a", "alice", GrantPhase.AwaitingApproval)], GrantPhase.AwaitingApproval),
        ["as many wait as may"] = ([Sibling("a", "alice", GrantPhase.AwaitingApproval), Sibling("b", "alice", GrantPhase.Scheduled)], GrantPhase.Denied),
        ["as many wait as may, under another spelling"] =
            ([Sibling("a", "Alice", GrantPhase.AwaitingApproval), Sibling("b", "ALICE", GrantPhase.AwaitingApproval)], GrantPhase.Denied),
        ["somebody else's wait"] = ([Sibling("a", "bob", GrantPhase.AwaitingApproval), Sibling("b", "bob", GrantPhase.AwaitingApproval)],
            GrantPhase.AwaitingApproval),
        ["older ones are decided first"] = ([Sibling("a", "alice", GrantPhase.AwaitingApproval), Sibling("b", "alice", null)], null),
        ["younger ones are decided later"] = ([Sibling("a", "alice", GrantPhase.AwaitingApproval), Sibling("z", "alice", null, A.Start.AddSeconds(1))],
            GrantPhase.AwaitingApproval),
        ["of one second the name decides"] = ([Sibling("a", "alice", GrantPhase.AwaitingApproval), Sibling("z", "alice", null, A.Start)],
            GrantPhase.AwaitingApproval),
        ["what is active or over does not wait"] = ([GrantLimitTests.Live("a", "alice"), GrantLimitTests.Denied("b", "alice")], GrantPhase.AwaitingApproval),
    };

    public static TheoryData<string> CaseNames => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Two_requests_may_wait_and_the_oldest_do(string name)
    {
        var world = new ModelWorld(JustInTime());
        world.Cluster.Siblings = [.. Cases[name].Siblings];
        world.Run();
        world.Status.Phase.Should().Be(Cases[name].Phase);
        if (world.Status.Phase is not GrantPhase.Denied) return;
        var condition = Conditions.Find(world.Status.Conditions, "Authorized")!;
        (condition.Reason, world.Status.EndReason).Should().Be(("TooManyPending", EndReason.Denied));
        condition.Message.Should().Contain("at most 2 may");
    }

    [Fact]
    public void A_request_that_waits_for_older_ones_is_decided_once_they_are()
    {
        var world = new ModelWorld(JustInTime());
        world.Cluster.Siblings = [Sibling("a", "alice", GrantPhase.AwaitingApproval), Sibling("b", "alice", null)];
        world.Run().Status.Phase.Should().BeNull();
        world.Reconcile().Should().Match<GrantPlan>(
            p => p.Steps.Count == 0 && p.LookAgainAt < A.Start.AddSeconds(5), "nothing is written, and it is looked at again soon");
        world.Cluster.Siblings = [Sibling("a", "alice", GrantPhase.AwaitingApproval), Sibling("b", "alice", GrantPhase.Denied)];
        world.Run().Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
    }

    [Fact]
    public void A_request_that_waits_already_goes_on_waiting_under_a_smaller_bound()
    {
        var world = new ModelWorld(JustInTime()).Run();
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
        world.Cluster.Siblings = [.. "abcdef".Select(c => Sibling(c.ToString(), "alice", GrantPhase.AwaitingApproval))];
        world.RunFor(TimeSpan.FromMinutes(1));
        world.Status.Phase.Should().Be(GrantPhase.AwaitingApproval);
    }

    [Fact]
    public void What_opens_at_once_does_not_wait_and_is_not_counted()
    {
        var world = new ModelWorld(A.Policy(s => s with { Limits = new() { MaxPending = 1 } }));
        world.Cluster.Siblings = [Sibling("a", "alice", null), Sibling("b", "alice", GrantPhase.AwaitingApproval)];
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
    }

    private static BreakGlassPolicy JustInTime() => GrantApprovalTests.JustInTime(policy: s => s with { Limits = new() { MaxPending = 2 } });

    private static BreakGlassGrant Sibling(string name, string requester, GrantPhase? phase, DateTimeOffset? created = null)
    {
        var grant = A.Grant(s => s with { Requester = A.Caller(requester, "payments-oncall") }, name, $"uid-{name}");
        return grant with { Metadata = grant.Metadata with { CreatedAt = created ?? Before } } with { Status =
            new() { Phase = phase, PolicyUid = "policy-1" } };
    }
}
