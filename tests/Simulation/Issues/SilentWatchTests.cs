using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Xunit;

namespace Simulation.Issues;

/// <summary>A watch whose connection had died without being closed kept a lockdown from the operator for up to 45 s.</summary>
public class SilentWatchTests
{
    [Fact]
    public Task A_lockdown_that_the_watch_does_not_show_ends_access_within_five_seconds_and_is_told_of_once_when_it_does() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Active);
        using (world.Server.Watches.HoldBack("breakglasslockdowns"))
        {
            world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "token leaked" } });

            world.Advance(TimeSpan.FromSeconds(5));

            world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
            world.Grant()!.Status.EndReason.Should().Be(EndReason.Lockdown);
        }

        world.Advance(TimeSpan.FromSeconds(15));
        world.Server.Get<BreakGlassLockdown>("stop")!.Status.Revoked.Should().Be(1);
        world.Events().Count(e => e.Reason == "LockdownEngaged").Should().Be(1);
        world.Server.Delete<BreakGlassLockdown>("stop");
        world.Server.Put(Sample.Grant(name: "inc-4712"));
        world.Settle();
        world.Grant("inc-4712")!.Status.Phase.Should().Be(GrantPhase.Active, "a lockdown that is lifted is not kept");
    });

    [Fact]
    public Task While_nothing_is_active_no_lockdowns_are_read() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.Put(Sample.Policy());
        world.Start();
        world.Advance(TimeSpan.FromSeconds(1));
        var before = Lists(world);

        world.Advance(TimeSpan.FromSeconds(60));

        Lists(world).Should().Be(before);
    });

    private static int Lists(World world) => world.Server.Requests.All.Count(r => r.Call.Verb == "list" && r.Call.Resource == "breakglasslockdowns");
}
