using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.BadInput;

/// <summary>
/// The API server takes for a time what is none: of an offset it looks at the digits only. Who can write a status must not hide an object by that.
/// </summary>
public sealed class UnreadableTimeTests
{
    private const string NoTime = "2026-11-22T01:02:03+99:99";

    [Theory]
    [InlineData("endedAt")]
    [InlineData("expiresAt")]
    [InlineData("activatedAt")]
    [InlineData("conditions")]
    [InlineData("transitions")]
    public Task A_grant_whose_status_holds_what_is_no_time_ends_at_its_time_at_the_latest(string field) => With((world, start) =>
    {
        world.Server.Put(Sample.Grant());
        world.Settle();
        world.Server.List<V1RoleBinding>("payments").Should().ContainSingle();
        Write("breakglassgrants", "inc-4711", world, status =>
        {
            if (field == "conditions") status["conditions"]![0]!["lastTransitionTime"] = NoTime;
            else if (field == "transitions") status["transitions"]![0]!["at"] = NoTime;
            else status[field] = NoTime;
        });

        // A new operator sees nothing but what is there now.
        start();
        world.Advance(Sample.Duration);
        world.Server.List<V1RoleBinding>("payments").Should().BeEmpty();
    });

    [Fact]
    public Task A_lockdown_whose_status_holds_what_is_no_time_shuts_all_the_same() => With((world, start) =>
    {
        world.Server.Put(new BreakGlassLockdown { Metadata = new() { Name = "stop" }, Spec = new() { Reason = "a token leaked" } });
        world.Advance(TimeSpan.FromSeconds(2));
        Write("breakglasslockdowns", "stop", world, status => status["completedAt"] = NoTime);
        start();
        world.Server.Put(Sample.Grant());
        world.Advance(TimeSpan.FromSeconds(2));
        world.Grant()!.Status.Phase.Should().Be(GrantPhase.Denied);
    });

    [Fact]
    public void What_people_write_is_refused_where_it_is_no_time()
    {
        var act = () => JsonSerializer.Deserialize("{\"spec\":{\"startTime\":\"" + NoTime + "\"}}", KubeKinds.Of<BreakGlassGrant>().Json);
        act.Should().Throw<JsonException>();
    }

    private static void Write(string plural, string name, World world, Action<JsonObject> change)
    {
        var o = world.Server.GetJson(BreakGlassApi.Group, BreakGlassApi.Version, plural, name)!;
        change((JsonObject)o["status"]!);
        world.Server.PutJson(o);
    }

    private static Task With(Action<World, Action> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy());
        var first = world.Start();
        test(world, () =>
        {
            first.Stop();
            world.Advance(TimeSpan.FromSeconds(1));
            world.Start();
        });
    });
}
