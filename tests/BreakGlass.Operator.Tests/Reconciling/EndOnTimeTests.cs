using BreakGlass.Core.Api;
using BreakGlass.Operator.Reconciling;
using FluentAssertions;
using k8s.Models;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Reconciling;

/// <summary>Access ends at its instant, whatever else goes wrong with the grant before.</summary>
public sealed class EndOnTimeTests
{
    /// <summary>What failed was tried again up to ten seconds later, and the end of the grant waited for that.</summary>
    [Theory]
    [InlineData("create", "rolebindings")]
    [InlineData("get", "breakglasspolicies")]
    public Task A_grant_whose_upkeep_fails_again_and_again_ends_on_time(string verb, string resource) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.CreateNamespace("shop");
        world.Server.Put(Sample.Policy(p => p with { Access = [Sample.Entry("payments", "payments", "shop")] }));
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(1));
        using var fault = world.Server.Faults.Inject(Fault.Forbidden, verb, resource, times: null);
        world.Server.Delete<V1RoleBinding>(world.Server.List<V1RoleBinding>("shop").Single().Metadata.Name, "shop");
        world.AdvanceTo(world.Grant()!.Status.ExpiresAt!.Value);
        world.Advance(EndSchedule.Slack);
        fault.Hits.Should().BePositive();
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Expired);
    });

    /// <summary>A call that hangs is given up after ten seconds, and for so long nobody could end the grant that it was made for.</summary>
    [Theory]
    [InlineData("revoke")]
    [InlineData("delete")]
    [InlineData("lockdown")]
    [InlineData("suspend")]
    public Task A_grant_whose_upkeep_hangs_is_cut_the_moment_it_has_to_end(string how) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.CreateNamespace("shop");
        world.Server.Put(Sample.Policy(p => p with { Access = [Sample.Entry("payments", "payments", "shop")] }));
        world.Start();
        world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }));
        world.Advance(TimeSpan.FromSeconds(1));
        using var fault = world.Server.Faults.Inject(Fault.Hang, "create", "rolebindings", times: null);
        world.Server.Delete<V1RoleBinding>(world.Server.List<V1RoleBinding>("shop").Single().Metadata.Name, "shop");
        world.Advance(TimeSpan.FromMilliseconds(100));
        fault.Hits.Should().Be(1);
        switch (how)
        {
            case "revoke": world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Spec = g.Spec with { Revoke = new() } }); break;
            case "delete": world.Server.Delete<BreakGlassGrant>("inc-4711"); break;
            case "lockdown": world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "stop" } }); break;
            default: world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Suspended = true } }); break;
        }

        world.Advance(TimeSpan.FromMilliseconds(10));
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
        world.Advance(TimeSpan.FromSeconds(1));
        world.History.Last("inc-4711").Status.Phase.Should().Be(GrantPhase.Revoked);
    });

    [Fact]
    public Task What_ends_nothing_does_not_disturb_the_upkeep_of_a_grant() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }));
        world.Advance(TimeSpan.FromSeconds(1));
        using var fault = world.Server.Faults.Inject(Fault.Hang, "create", "rolebindings", times: null);
        world.Server.Delete<V1RoleBinding>(world.Server.List<V1RoleBinding>("payments").Single().Metadata.Name, "payments");
        world.Advance(TimeSpan.FromMilliseconds(100));
        world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "others" },
            Spec = new() { Reason = "stop", PolicySelector = new() { MatchLabels = new Dictionary<string, string> { ["of"] = "others" } } } });
        world.Server.Modify<BreakGlassPolicy>("payments-oncall", null, p => p with { Spec = p.Spec with { Description = "another" } });
        world.Advance(TimeSpan.FromSeconds(1));
        fault.Hits.Should().Be(1, "what was begun goes on");
    });

    /// <summary>A grant that is looked at for its notice, five minutes before its end, waits behind all that there is to open; its end does not.</summary>
    [Fact]
    public Task A_grant_ends_on_time_though_those_that_open_grants_are_busy_from_before_its_notice() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start(World.Options with { Workers = 1 });
        world.Server.Put(Sample.Grant(s => s with { Duration = "6m" }));
        world.Advance(TimeSpan.FromSeconds(50));
        using var fault = world.Server.Faults.Inject(Fault.Hang, "create", "serviceaccounts", times: null);
        for (var i = 0; i < 60; i++) world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }, $"inc-{i}"));
        world.AdvanceTo(world.Grant()!.Status.ExpiresAt!.Value);
        world.Advance(EndSchedule.Slack);
        world.Server.List<V1RoleBinding>("payments").Should().NotContain(b => b.Metadata.Name.StartsWith("breakglass-inc-4711-"));
    });

    /// <summary>A grant that is over and proven waits behind everybody else; this one only says so.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_grant_that_somebody_wrote_down_as_over_and_proven_is_cut_at_once_though_everybody_is_busy(bool isProven) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start(World.Options with { Workers = 1 });
        world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }));
        world.Advance(TimeSpan.FromSeconds(5));
        using var fault = world.Server.Faults.Inject(Fault.Hang, "create", "serviceaccounts", times: null);
        for (var i = 0; i < 20; i++) world.Server.Put(Sample.Grant(s => s with { Duration = "1h" }, $"inc-{i}"));
        world.Advance(TimeSpan.FromMilliseconds(100));
        world.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with
        {
            Status = g.Status with
            {
                Phase = GrantPhase.Revoked,
                EndedAt = world.Now,
                Conditions = isProven ? [.. g.Status.Conditions.Select(c => c.Type == "Revoked" ? c with { Status = "True", Reason = "Proven" } : c)] : [],
            },
        });
        world.Advance(TimeSpan.FromMilliseconds(100));
        world.Server.List<V1RoleBinding>("payments").Should().NotContain(b => b.Metadata.Name.StartsWith("breakglass-inc-4711-"));
    });
}
