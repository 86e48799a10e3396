using BreakGlass.Cli.Tests.Support;
using BreakGlass.Core.Api;
using FluentAssertions;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary><c>drill run</c> follows a run to its end; <c>drill report</c> shows what came of the runs.</summary>
public sealed class DrillTests : IDisposable
{
    private readonly PluginHarness _plugin = new();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData(DrillResult.Passed, 0, "drill 'weekly' passed: access 1.2s, denial 300ms, proof 10s")]
    [InlineData(DrillResult.Failed, 1, "drill 'weekly' failed (StillAllowed): access 1.2s, denial 300ms, proof 10s")]
    public async Task Run_asks_for_a_run_and_prints_a_line_for_each_phase(DrillResult result, int code, string last)
    {
        _plugin.Server.Put(A.Drill());
        var running = _plugin.RunAsync("drill", "run", "weekly");
        await _plugin.Server.Until(() => Request() is not null, "a request for a run").WaitAsync(Eventually.Limit, TimeProvider.System);

        Set(Run(DrillResult.Running) with { Phases = [Phase("Request", DrillResult.Passed), Phase("Access", DrillResult.Running)] });
        Set(Run(result));
        (await running).Should().Be(code, _plugin.Error);
        _plugin.Out.Should().Be($"""
            Request       Passed   100ms     Grant was created.
            Access        Passed   100ms     Grant was created.
            {last}

            """.ReplaceLineEndings("\n"));
        if (result is DrillResult.Failed) _plugin.Error.Should().Contain("Denial: still allowed.");
    }

    [Fact]
    public async Task Run_says_at_once_how_long_it_waits_for_the_grant_to_expire()
    {
        _plugin.Server.Put(A.Drill(s => s with { End = DrillEnd.Expire }));
        var running = _plugin.RunAsync("drill", "run", "weekly");
        await _plugin.Server.Until(() => Request() is not null, "a request for a run").WaitAsync(Eventually.Limit, TimeProvider.System);

        var waiting = Phase("Expiry", DrillResult.Running) with { Message = "The run waits until the grant expires." };
        Set(Run(DrillResult.Running) with { Phases = [Phase("Use", DrillResult.Passed), waiting] });
        Set(Run(DrillResult.Passed) with { End = DrillEnd.Expire, Phases = [Phase("Use", DrillResult.Passed), Phase("Expiry", DrillResult.Passed)] });
        (await running).Should().Be(0, _plugin.Error);
        _plugin.Out.Should().Be("""
            Use           Passed   100ms     Grant was created.
            Expiry        Running            The run waits until the grant expires.
            Expiry        Passed   100ms     Grant was created.
            drill 'weekly' passed: access 1.2s, denial 300ms, proof 10s

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Report_shows_how_each_run_ended_its_grant()
    {
        var runs = new[] { Run(DrillResult.Passed) with { End = DrillEnd.Expire }, Run(DrillResult.Passed) with { Id = "20261121-010203" } };
        _plugin.Server.Put(A.Drill(s => s with { End = DrillEnd.Expire }, status: new() { Runs = runs }));
        (await _plugin.RunAsync("drill", "report", "weekly")).Should().Be(0);
        _plugin.Out.Should().MatchRegex("Manual +Expire +Passed").And.MatchRegex("Manual +Revoke +Passed");

        _plugin.Clear();
        (await _plugin.RunAsync("drill", "report", "weekly", "--output", "html")).Should().Be(0);
        _plugin.Out.Should().ContainAll("<th>End</th><td>Expire</td>", "<td>Manual</td><td>Expire</td>", "<td>Manual</td><td>Revoke</td>");
    }

    [Fact]
    public async Task Report_shows_the_runs_of_a_drill_and_all_drills()
    {
        _plugin.Server.Put(A.Drill(status: new() { Runs = [Run(DrillResult.Failed), Run(DrillResult.Passed) with { Id = "20261121-010203" }] }));
        (await _plugin.RunAsync("drill", "report", "weekly")).Should().Be(0);
        _plugin.Out.Split('\n')[0].Should().MatchRegex("^STARTED +TRIGGER +END +RESULT +ACCESS +DENIAL +PROOF +REASON$");
        _plugin.Out.Should().Contain("Failed").And.Contain("StillAllowed").And.Contain("1.2s");
        _plugin.Error.Should().Contain("Denial: still allowed.");

        _plugin.Clear();
        (await _plugin.RunAsync("drill", "report")).Should().Be(0);
        _plugin.Out.Should().Contain("weekly").And.Contain("payments-oncall").And.Contain("0 6 * * 1");
    }

    [Fact]
    public async Task The_page_needs_no_network_and_shows_what_was_written_as_text()
    {
        var run = Run(DrillResult.Failed) with { Failures = ["<script>alert(1)</script>"] };
        _plugin.Server.Put(A.Drill(status: new() { Runs = [run] }));
        (await _plugin.RunAsync("drill", "report", "--output", "html")).Should().Be(0);
        _plugin.Out.Should().StartWith("<!DOCTYPE html>").And.Contain("default-src 'none'").And.Contain("<svg").And.Contain("access 1.2 s")
            .And.Contain("&lt;script&gt;").And.NotContain("<script").And.NotContain("src=").And.EndWith("</html>\n");
    }

    [Fact]
    public async Task A_drill_that_does_not_exist_is_named()
    {
        (await _plugin.RunAsync("drill", "run", "weekly")).Should().Be(4);
        _plugin.Error.Should().Contain("weekly");
    }

    private string? Request() =>
        _plugin.Server.Get<BreakGlassDrill>("weekly")!.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.RunDrillAnnotation);

    private void Set(DrillRun run) => _plugin.Server.Modify<BreakGlassDrill>("weekly", null, d => d with
    {
        Status = d.Status with { LastRequest = Request(), Runs = [run] },
    });

    private static DrillPhase Phase(string name, DrillResult result) => new()
    {
        Name = name, StartedAt = A.Start, Result = result, Took = result is DrillResult.Running ? null : "100ms", Message = "Grant was created.",
    };

    private static DrillRun Run(DrillResult result) => new()
    {
        Id = "20261122-010203", StartedAt = A.Start, Trigger = DrillTrigger.Manual, Result = result, Grant = "drill-weekly-20261122-010203",
        Policy = "payments-oncall", Phases = [Phase("Request", DrillResult.Passed), Phase("Access", DrillResult.Passed)], TimeToAccess = "1.2s",
        TimeToDenial = "300ms", ProofOfEnd = "10s", FinishedAt = result is DrillResult.Running ? null : A.Start.AddMinutes(1),
        Reason = result is DrillResult.Failed ? "StillAllowed" : null, Failures = result is DrillResult.Failed ? ["Denial: still allowed."] : [],
    };
}
