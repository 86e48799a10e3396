using System.Text;
using BreakGlass.Operator.Health;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Health;

public class HealthReportTests
{
    [Fact]
    public Task An_operator_that_follows_the_cluster_is_healthy_and_ready_for_days() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var replica = world.Start();
        replica.Engine.Health.Missing().Should().BeEmpty();
        world.Advance(TimeSpan.FromHours(2));
        replica.Engine.Health.Ailments().Should().BeEmpty();
    });

    [Fact]
    public Task It_is_not_ready_while_a_kind_was_not_listed_and_says_which() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        using (world.Server.Faults.Inject(Fault.Forbidden, "list", "breakglasspolicies", times: null))
        {
            var replica = world.Start();
            replica.Engine.Health.Missing().Should().ContainSingle().Which.Should().Contain("breakglasspolicies");
            replica.Engine.Health.Ailments().Should().BeEmpty("a restart would not help");
        }

        world.Advance(TimeSpan.FromMinutes(2));
    });

    [Fact]
    public Task A_watch_that_went_silent_makes_it_unhealthy_and_it_says_which() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var replica = world.Start();
        using var silence = world.Server.Watches.Silence("rolebindings");
        world.Advance(TimeSpan.FromMinutes(30));
        replica.Engine.Health.Ailments().Should().ContainSingle().Which.Should().Contain("rolebindings");
    });

    [Fact]
    public Task Leading_is_healthy() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var replica = world.Start(World.Options with { LeaderElect = true });
        world.Advance(TimeSpan.FromMinutes(5));
        replica.Engine.Health.Ailments().Should().BeEmpty();
        replica.Running.IsCompleted.Should().BeFalse();
    });

    [Fact]
    public Task It_tells_of_an_answer_whose_time_was_wrong_and_stays_in_service() => Stillness.Run(stillness =>
    {
        using var world = new World(stillness);
        var replica = world.Start();
        world.Advance(TimeSpan.FromSeconds(15));
        replica.Engine.Health.Notes().Should().BeEmpty();
        world.Server.PoisonDates(TimeSpan.FromHours(2));
        world.Advance(TimeSpan.FromSeconds(15));
        replica.Engine.Health.Notes().Should().ContainSingle().Which
            .Should().MatchRegex("the clocks differ: this machine's is 7[12][0-9]{2} s behind the API server's");
        replica.Engine.Health.Missing().Should().BeEmpty("what ends access must still be let in");
        world.Advance(TimeSpan.FromMinutes(2));
        replica.Engine.Health.Notes().Should().BeEmpty();
    });

    [Fact]
    public async Task Notes_stand_below_the_answer_and_do_not_change_it()
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        await HealthReport.AnswerAsync(context, [], "the clocks differ");
        context.Response.StatusCode.Should().Be(200);
        Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()).Should().Be("ok\nthe clocks differ\n");
    }

    [Theory]
    [InlineData(200, "ok\n")]
    [InlineData(503, "this\nthat\n", "this", "that")]
    public async Task A_probe_is_answered_with_a_line_for_each_thing_that_is_wrong(int code, string body, params string[] wrong)
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        await HealthReport.AnswerAsync(context, wrong);
        context.Response.StatusCode.Should().Be(code);
        Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()).Should().Be(body);
    }
}
