using BreakGlass.Core.Api;
using BreakGlass.Core.Drills;
using FluentAssertions;
using FsCheck;
using FsCheck.Fluent;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Drills;

/// <summary>The order of the steps of a run, what a failure changes in it, and what the run says in the end.</summary>
public sealed class DrillProgressTests
{
    private static readonly DrillRun Run = new() { Id = "20261122-010203", StartedAt = A.Start, Grant = "drill-weekly-20261122-010203" };

    [Fact]
    public void A_run_in_which_all_goes_well_takes_every_step_once_and_passes()
    {
        var (run, steps) = Play(new(Run, null), _ => DrillAnswer.Passed());
        steps.Should().Equal(Enum.GetValues<DrillStep>().Except([DrillStep.Hold]));
        run.Result.Should().Be(DrillResult.Passed);
        run.Failures.Should().BeEmpty();
        run.Reason.Should().BeNull();
        run.FinishedAt.Should().Be(A.Start.AddSeconds(steps.Count));

        // Each step takes a second.
        (run.TimeToAccess, run.TimeToDenial, run.ProofOfEnd).Should().Be(("4s", "2s", "3s"));
        run.Phases.Should().OnlyContain(p => p.Took == "1s" && p.Result == DrillResult.Passed);
    }

    [Fact]
    public void A_run_that_keeps_access_open_does_so_after_the_use_and_its_times_do_not_contain_that()
    {
        var targets = new DrillTargets { TimeToAccess = "4s", TimeToDenial = "2s", ProofOfEnd = "3s" };
        var (run, steps) = Play(new(Run with { Hold = "1m" }, targets), _ => DrillAnswer.Passed(),
            step => step is DrillStep.Hold ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(1));
        steps.Should().Equal(Enum.GetValues<DrillStep>());
        steps.SkipWhile(s => s is not DrillStep.Use).Take(3).Should().Equal(DrillStep.Use, DrillStep.Hold, DrillStep.Revocation);
        run.Failures.Should().BeEmpty();
        (run.TimeToAccess, run.TimeToDenial, run.ProofOfEnd).Should().Be(("4s", "2s", "3s"));
        run.Phases.Single(p => p.Name == "Hold").Took.Should().Be("1m");
    }

    [Theory]
    [InlineData(DrillStep.Use, "Request Approval Access Use Revocation")]
    [InlineData(DrillStep.Hold, "Request Approval Access Use Hold Revocation")]
    public void A_run_that_was_to_keep_access_open_revokes_it_after_a_failure(DrillStep failing, string expected)
    {
        var (run, steps) = Play(
            new(Run with { Hold = "1m" }, null), step => step == failing ? DrillAnswer.Failed("ServerError", "no answer") : DrillAnswer.Passed());
        string.Join(' ', steps).Should().Be(expected);
        run.Reason.Should().Be("ServerError");
    }

    [Theory]
    [InlineData(DrillStep.Request, "Request Revocation")]
    [InlineData(DrillStep.Approval, "Request Approval Revocation")]
    [InlineData(DrillStep.Access, "Request Approval Access Revocation")]
    [InlineData(DrillStep.Use, "Request Approval Access Use Revocation")]
    [InlineData(DrillStep.Revocation, "Request Approval Access Use Revocation")]
    [InlineData(DrillStep.Denial, "Request Approval Access Use Revocation Denial Proof Journal Events Metrics Notifications Audit")]
    public void After_a_failure_the_access_is_still_revoked(DrillStep failing, string expected)
    {
        var (run, steps) = Play(new(Run, null), step => step == failing ? DrillAnswer.Failed("AccessDenied", "it did not work") : DrillAnswer.Passed());
        string.Join(' ', steps).Should().Be(expected);
        run.Result.Should().Be(DrillResult.Failed);
        run.Reason.Should().Be("AccessDenied");
        run.Failures.Should().Equal($"{failing}: it did not work.");
    }

    [Fact]
    public void A_request_that_was_refused_for_certain_leaves_nothing_to_revoke()
    {
        var (run, steps) = Play(new(Run, null), _ => DrillAnswer.Failed("RequestRefused", "spec.policy: forbidden") with { NoGrant = true });
        steps.Should().Equal(DrillStep.Request);
        run.Reason.Should().Be("RequestRefused");
    }

    [Theory]
    [InlineData("4s", "2s", "3s", "")]
    [InlineData("3s", "2s", "3s", "timeToAccess: it took 4s, longer than the target of 3s.")]
    [InlineData("4s", "1s", "2s", "timeToDenial: it took 2s, longer than the target of 1s. proofOfEnd: it took 3s, longer than the target of 2s.")]
    public void A_run_that_takes_longer_than_its_targets_fails(string access, string denial, string proof, string expected)
    {
        var (run, _) = Play(new(Run, new() { TimeToAccess = access, TimeToDenial = denial, ProofOfEnd = proof }), _ => DrillAnswer.Passed());
        string.Join(' ', run.Failures).Should().Be(expected);
        run.Reason.Should().Be(expected.Length == 0 ? null : "TargetMissed");
        run.Result.Should().Be(expected.Length == 0 ? DrillResult.Passed : DrillResult.Failed);
    }

    [Fact]
    public void Whatever_fails_a_run_ends_and_leaves_no_access_open_that_it_could_end()
    {
        var answers = Gen.Elements(
            DrillAnswer.Passed(), DrillAnswer.Skipped("nothing to do"), DrillAnswer.Failed("ServerError", "no answer"),
            DrillAnswer.Failed("RequestRefused", "refused") with { NoGrant = true }).ListOf(Enum.GetValues<DrillStep>().Length);
        Prop.ForAll(answers.ToArbitrary(), list =>
        {
            var left = new Queue<DrillAnswer>(list);
            var (asked, refused, revoked) = (false, false, false);
            var (run, steps) = Play(new(Run, null), step =>
            {
                var answer = left.Dequeue();
                asked |= step is DrillStep.Request;
                refused |= answer.NoGrant;
                revoked |= step is DrillStep.Revocation;
                return answer;
            });
            steps.Should().OnlyHaveUniqueItems();
            asked.Should().BeTrue();
            (revoked || refused).Should().BeTrue("a grant that may exist is revoked");
            run.Result.Should().BeOneOf(DrillResult.Passed, DrillResult.Failed);
            (run.Result is DrillResult.Failed).Should().Be(run.Phases.Any(p => p.Result is DrillResult.Failed));
            run.Phases.Should().NotContain(p => p.Result == DrillResult.Running);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    /// <summary>Plays a run; each step takes a second unless the test says another time.</summary>
    private static (DrillRun Run, IReadOnlyList<DrillStep> Steps) Play(
        DrillProgress progress, Func<DrillStep, DrillAnswer> answer, Func<DrillStep, TimeSpan>? takes = null)
    {
        var (now, steps) = (A.Start, new List<DrillStep>());
        while (progress.Next is { } step)
        {
            steps.Add(step);
            progress = progress.Begin(step, now);
            now += takes?.Invoke(step) ?? TimeSpan.FromSeconds(1);
            progress = progress.After(step, answer(step), now);
        }

        return (progress.Finish(now), steps);
    }
}
