using BreakGlass.Core.Api;
using BreakGlass.Operator.Reconciling;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>A denial is for good, so it is never based on a cache that is behind.</summary>
public class StaleCacheTests
{
    [Theory]
    [InlineData("breakglasspolicies")]
    [InlineData("namespaces")]
    [InlineData("clusterroles")]
    public Task What_no_cache_shows_yet_is_asked_of_the_server_before_a_grant_is_denied(string resource) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start();
        using var hold = world.Server.Watches.HoldBack(resource);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_policy_that_allows_it_by_now_is_read_again_before_a_grant_is_denied() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Requesters = [new() { Kind = "User", Name = "bob" }] }));
        world.Start();
        using var hold = world.Server.Watches.HoldBack("breakglasspolicies");
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = Sample.Policy().Spec });
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_grant_is_not_denied_while_the_server_cannot_be_asked() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start();
        using (world.Server.Faults.Inject(Fault.InternalError, "get", "breakglasspolicies", times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(30));
            world.Grant()!.Status.Phase.Should().BeNull();
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
    });

    /// <summary>The requester saw the lockdown go, and the operator's watch was a moment behind: the grant was denied for good.</summary>
    [Fact]
    public Task A_grant_that_is_requested_once_the_lockdown_is_lifted_is_not_denied_for_it() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Lock(world);
        world.Start();
        using (world.Server.Watches.HoldBack("breakglasslockdowns"))
        {
            world.Server.Delete<BreakGlassLockdown>("stop");
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(5));
            world.Grant()!.Status.Phase.Should().BeNull("a lockdown is over for the operator only when the watch shows that it is");
        }

        world.Advance(TimeSpan.FromSeconds(5));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
    });

    [Fact]
    public Task A_grant_that_a_lockdown_denies_costs_one_list_of_lockdowns() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Lock(world);
        world.Start();
        world.Server.Requests.Clear();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
        ListsOfLockdowns(world).Should().Be(1);
    });

    [Fact]
    public Task A_lockdown_that_replaced_the_one_in_the_cache_denies_the_grant() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Lock(world);
        world.Start();
        using (world.Server.Watches.HoldBack("breakglasslockdowns"))
        {
            world.Server.Delete<BreakGlassLockdown>("stop");
            Lock(world, "another token leaked");
            world.Server.Put(Sample.Grant());
            world.Settle();
            world.Grant()!.Status.Should().Match<GrantStatus>(s => s.Phase == GrantPhase.Denied && s.EndReason == EndReason.Lockdown);
            world.Grant()!.Status.Conditions.Should().Contain(c => c.Message.Contains("another token leaked"));
        }

        world.Advance(TimeSpan.FromSeconds(5));
        world.Server.Put(Sample.Grant(name: "inc-4712"));
        world.Settle();
        world.Grant("inc-4712")!.Status.Phase.Should().Be(GrantPhase.Denied, "the deletion of the other lockdown lifts nothing");
    });

    [Fact]
    public Task A_grant_is_not_denied_for_a_lockdown_while_the_lockdowns_cannot_be_read() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Lock(world);
        world.Start();
        using (world.Server.Faults.Inject(Fault.InternalError, "list", "breakglasslockdowns", times: null))
        {
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(30));
            world.Grant()!.Status.Phase.Should().BeNull();
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
    });

    [Fact]
    public Task A_denial_for_another_reason_reads_no_lockdowns() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Start();
        world.Server.Requests.Clear();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
        ListsOfLockdowns(world).Should().Be(0);
    });

    /// <summary>What one run learned of the namespace was forgotten by the next, so that record and binding were tried over and over.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_namespace_that_goes_unseen_is_left_out_and_not_tried_in_a_loop(bool gone) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("shop", ("kind", "shop"));
        world.Server.CreateNamespace("shop-2", ("kind", "shop"));
        world.Server.Put(Sample.Policy(p => p with { Access = [Sample.Selected("shops", "kind", "shop")] }));
        world.Start();
        using (world.Server.Watches.HoldBack("namespaces"))
        {
            world.Server.Delete<V1Namespace>("shop-2");
            if (gone) world.Server.FinishNamespaceDeletion("shop-2");
            world.Server.Put(Sample.Grant());
            world.Advance(TimeSpan.FromSeconds(30));
            world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
            world.Grant()!.Status.Bindings.Should().ContainSingle().Which.Namespace.Should().Be("shop");
            world.Server.Requests.Writes.Count(w => w.Call.Is("update", "breakglassgrants/status")).Should().BeLessThanOrEqualTo(4);
        }

        world.Advance(Sample.Duration + TimeSpan.FromSeconds(20));
        world.Owned().Should().BeEmpty();
    });

    /// <summary>
    /// An operator that has just started may be shown an old list: the requester's last grant is over, unreviewed, and looks as if it went on.
    /// </summary>
    [Fact]
    public Task Who_waits_for_a_review_is_denied_though_the_cache_shows_the_last_grant_as_active() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => p with { Review = new() { Required = true, BlockRequesterUntilReviewed = true } }));
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        using (world.Server.Faults.Inject(Fault.InternalError, "get", "breakglassgrants", times: null))
        {
            world.Server.Put(Sample.Grant(name: "inc-4712"));
            world.Settle();
            world.Grant("inc-4712")!.Status.Phase.Should().BeNull("the server could not be asked about the other");
        }

        using (world.Server.Watches.HoldBack("breakglassgrants"))
        {
            world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with
            {
                Status = g.Status with { Phase = GrantPhase.Revoked, EndedAt = world.Now,
                    Conditions = [.. g.Status.Conditions.Select(c => c.Type == "Reviewed" ? c with { Status = "False" } : c)] },
            });
            world.Advance(TimeSpan.FromSeconds(15));
        }

        world.Settle();
        world.Grant("inc-4712")!.Status.Phase.Should().Be(GrantPhase.Denied);
        world.Grant("inc-4712")!.Status.Conditions.Should().Contain(c => c.Reason == "ReviewPending" && c.Message.Contains("'inc-4711'"));
    });

    /// <summary>A lockdown of other policies was replaced by one of all, of the same name: by name it was known, and what it shuts stayed open.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_lockdown_that_was_made_again_with_a_wider_scope_ends_grants(bool isListedAgain) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Lock(world, scope: new() { MatchLabels = new Dictionary<string, string> { ["team"] = "another" } });
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);

        using var hold = world.Server.Watches.HoldBack("breakglasslockdowns");
        world.Server.Delete<BreakGlassLockdown>("stop");
        Lock(world);

        // Either the watch begins again with a list, or it goes on being behind and the other read finds the lockdown.
        if (isListedAgain) world.Server.Watches.Expire(w => w.Resource.Kind == "BreakGlassLockdown");
        world.Advance(isListedAgain ? LockdownPoller.Period - TimeSpan.FromMilliseconds(100) : LockdownPoller.Period);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Revoked);
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_lockdown_whose_scope_is_changed_ends_the_grants_in_the_new_one(bool isWatchBehind) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        Lock(world, scope: new() { MatchLabels = new Dictionary<string, string> { ["team"] = "another" } });
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        using var hold = isWatchBehind ? world.Server.Watches.HoldBack("breakglasslockdowns") : null;
        world.Server.Modify<BreakGlassLockdown>("stop", null, l => l with { Spec = l.Spec with { PolicySelector = null } });
        world.Settle();
        if (isWatchBehind) world.Advance(LockdownPoller.Period);
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Revoked);
    });

    private static void Lock(World world, string reason = "a token leaked", LabelSelector? scope = null) => world.Server.Put(
        new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = reason, PolicySelector = scope } });

    private static int ListsOfLockdowns(World world) => world.Server.Requests.All.Count(r => r.Call.Is("list", "breakglasslockdowns"));
}
