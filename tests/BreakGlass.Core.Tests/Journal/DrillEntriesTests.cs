using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>What the journal says of the runs of drills.</summary>
public sealed class DrillEntriesTests
{
    private static readonly DrillRun Run = new()
    {
        Id = "20261123-060001", StartedAt = A.Start, FinishedAt = A.Start.AddMinutes(1), Result = DrillResult.Failed, Reason = "StillAllowed",
        Policy = "payments-oncall", Grant = "drill-weekly-20261123-060001", TimeToAccess = "1.2s",
        Failures = ["Denial: 1 of 1 request(s) were still allowed."],
    };

    [Fact]
    public void A_run_is_an_entry_with_what_came_of_it()
    {
        var entry = DrillEntries.Of(A.Drill(), Run);
        entry.Should().Match<JournalEntry>(e => e.Id == "uid-weekly/run-20261123-060001" && e.Type == "dev.breakglass.drill.failed"
            && e.Subject == "drills/weekly" && e.Time == A.Start.AddMinutes(1) && e.Data.Policy == "payments-oncall" && e.Data.Reason == "StillAllowed");
        entry.Data.Comment.Should().Contain("grant drill-weekly-20261123-060001").And.Contain("access 1.2s").And.Contain("still allowed");
        DrillEntries.Of(A.Drill(), Run with { Result = DrillResult.Passed }).Type.Should().Be("dev.breakglass.drill.passed");
        entry.Bytes().Should().NotBeEmpty();
    }

    [Fact]
    public void A_run_that_let_its_grant_expire_says_so_in_its_entry() => DrillEntries.Of(A.Drill(), Run with { End = DrillEnd.Expire }).Data.Comment.Should()
        .StartWith("grant drill-weekly-20261123-060001 end Expire access 1.2s");

    [Fact]
    public void The_journal_knows_the_newest_run_of_each_drill_until_the_drill_is_gone()
    {
        var state = new JournalState();
        state.Take(3, DrillEntries.Of(A.Drill(), Run with { Id = "20261124-060001" }));
        state.Take(2, DrillEntries.Of(A.Drill(), Run));
        state.NumberOf("uid-weekly").Should().Be(DrillEntries.NumberOf("20261124-060001")).And.Be(20261124060001);
        state.List(10, A.Start)[0].Data.Objects.Should().ContainSingle().Which.Subject.Should().Be("drills/weekly");

        state.Take(4, DrillEntries.Deleted("uid-weekly", "weekly", A.Start));
        state.NumberOf("uid-weekly").Should().Be(0);
        state.IsGone("uid-weekly").Should().BeTrue();
    }
}
