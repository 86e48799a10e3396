using System.Globalization;
using BreakGlass.Core.Api;
using BreakGlass.Core.Drills;
using BreakGlass.Core.Model;
using FluentAssertions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Jobs;

/// <summary>Runs of drills while the API server fails for a moment.</summary>
public sealed class DrillRetryTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("unavailable")]
    [InlineData("lost answer")]
    [InlineData("no connection")]
    [InlineData("time-out")]
    [InlineData("time-out after the write")]
    public Task A_request_that_failed_once_failed_the_run(string trouble) => With(p => p, world =>
    {
        using var fault = world.Server.Faults.Inject(FaultOf(trouble), "create", "breakglassgrants");
        RunNow(world);
        world.Advance(Long);
        fault.Hits.Should().Be(1);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Failures.Should().BeEmpty();
        run.Result.Should().Be(DrillResult.Passed);
    });

    [Fact]
    public Task A_server_that_does_not_recover_fails_the_run_with_what_it_says() => With(p => p, world =>
    {
        using var fault = world.Server.Faults.Inject(Fault.Unavailable, "create", "breakglassgrants", times: null);
        RunNow(world);
        world.Advance(TimeSpan.FromSeconds(50));
        Runs(world)[0].Result.Should().Be(DrillResult.Running);
        world.Advance(Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Reason.Should().Be(DrillReasons.ServerError);
        run.Failures[0].Should().Contain("currently unable to handle the request");
    });

    [Fact]
    public Task Another_grant_with_the_name_of_the_runs_grant_is_not_taken_for_it() => With(p => p, world =>
    {
        var name = NameNow(world);
        world.Server.Put(Sample.Grant(name: name));
        using var fault = world.Server.Faults.Inject(Fault.Unavailable, "create", "breakglassgrants");
        RunNow(world);
        world.Advance(Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Grant.Should().Be(name);
        run.Reason.Should().Be(DrillReasons.ServerError);
        run.Failures[0].Should().StartWith("Request: ").And.Contain("already exists");
    });

    [Theory]
    [InlineData("unavailable")]
    [InlineData("lost answer")]
    public Task An_approval_that_failed_once_failed_the_run(string trouble) => With(WithApproval, world =>
    {
        using var fault = world.Server.Faults.Inject(FaultOf(trouble), "create", "breakglassapprovals");
        RunNow(world);
        world.Advance(TimeSpan.FromSeconds(20));
        fault.Hits.Should().Be(1);
        var run = Runs(world).Should().ContainSingle().Subject;
        world.Server.List<BreakGlassApproval>().Should().ContainSingle().Which.Spec.Grant.Should().Be(run.Grant);
        run.Failures.Should().BeEmpty();
        run.Phases.Single(p => p.Name == nameof(DrillStep.Approval)).Result.Should().NotBe(DrillResult.Failed);
    });

    [Fact]
    public Task Another_decision_with_the_name_of_the_runs_approval_is_not_taken_for_it() => With(WithApproval, world =>
    {
        var name = NameNow(world);
        world.Server.Put(new BreakGlassApproval
        {
            Metadata = new() { Name = name }, Spec = new() { Grant = name, Decision = "Approve", Comment = "of somebody else" },
        });
        using var fault = world.Server.Faults.Inject(Fault.Unavailable, "create", "breakglassapprovals");
        RunNow(world);
        world.Advance(Long);
        var run = Runs(world).Should().ContainSingle().Subject;
        run.Reason.Should().Be(DrillReasons.ServerError);
        run.Failures[0].Should().StartWith("Approval: ").And.Contain("already exists");
    });

    private static Fault FaultOf(string trouble) => trouble switch
    {
        "unavailable" => Fault.Unavailable,
        "lost answer" => Fault.LostAnswer,
        "no connection" => Fault.Refused,
        "time-out" => Fault.Hang,
        _ => Fault.HangAfterWrite,
    };

    private static PolicySpec WithApproval(PolicySpec policy) => policy with
    {
        Mode = PolicyMode.JustInTime, Approval = new() { Required = 1, Timeout = "10m", Approvers = [A.Group("leads")] },
    };

    /// <summary>The name of the grant of a run that starts now.</summary>
    private static string NameNow(World world) => $"drill-weekly-{world.Now.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";

    private static IReadOnlyList<DrillRun> Runs(World world) => world.Server.Get<BreakGlassDrill>("weekly")!.Status.Runs;

    private static void RunNow(World world) => world.Server.Put(new BreakGlassDrill
    {
        Metadata = new() { Name = "weekly", Annotations = A.Labels((BreakGlassApi.RunDrillAnnotation, "now")) },
        Spec = A.Drill(s => s with { Suspended = true, Mode = DrillMode.Silent }).Spec,
    });

    private static Task With(Func<PolicySpec, PolicySpec> policy, Action<World> test) => Stillness.Run(stillness =>
    {
        using var world = new World(stillness, new() { TokenCache = TimeSpan.FromSeconds(10) });
        world.Server.CreateNamespace("payments");
        world.Server.Put(Sample.Policy(p => policy(p with { Drills = DrillPermission.Allowed })));
        world.Start();
        test(world);
    });
}
