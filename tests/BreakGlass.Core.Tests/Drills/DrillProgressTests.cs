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
    private static readonly DrillRun Expiring = Run with { End = DrillEnd.Expire };
    private static readonly DateTimeOffset ExpiresAt = A.Start.AddMinutes(5);

    /// <summary>From the fifth step, if each takes a second, until the grant expires.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(4);

    [Fact]
    public void A_run_in_which_all_goes_well_takes_every_step_once_and_passes()
    {
        var (run, steps) = Play(new(Run, null), _ => DrillAnswer.Passed());
        steps.Should().Equal(Enum.GetValues<DrillStep>().Except([DrillStep.Hold, DrillStep.Expiry]));
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
        steps.Should().Equal(Enum.GetValues<DrillStep>().Except([DrillStep.Expiry]));
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
    public void A_run_that_lets_its_grant_expire_writes_no_revocation_and_its_times_count_from_the_expiry()
    {
        var (run, steps) = Play(new(Expiring, null), Expires, step => step is DrillStep.Expiry ? Wait : TimeSpan.FromSeconds(1));
        steps.Should().Equal(Enum.GetValues<DrillStep>().Except([DrillStep.Hold, DrillStep.Revocation]));
        run.Failures.Should().BeEmpty();

        // Each other step takes a second.
        (run.TimeToAccess, run.TimeToDenial, run.ProofOfEnd).Should().Be(("4s", "1s", "2s"));
        run.End.Should().Be(DrillEnd.Expire);
    }

    [Fact]
    public void A_wait_that_ends_late_is_a_part_of_the_time_to_denial()
    {
        var (run, _) = Play(new(Expiring, new() { TimeToDenial = "2s" }), Expires,
            step => step is DrillStep.Expiry ? Wait + TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(1));
        (run.TimeToDenial, run.ProofOfEnd).Should().Be(("3s", "4s"));
        run.Failures.Should().Equal("timeToDenial: it took 3s, longer than the target of 2s.");
    }

    [Fact]
    public void While_a_run_waits_it_says_until_when()
    {
        var progress = new DrillProgress(Expiring, null);
        while (progress.Next is { } step and not DrillStep.Expiry)
            progress = progress.Begin(step, A.Start).After(step, Expires(step), A.Start);
        progress.MayBeOpen.Should().BeTrue("the run revokes the grant if the operator stops");
        progress = progress.Begin(DrillStep.Expiry, A.Start);
        progress.Run.Phases[^1].Should().Match<DrillPhase>(p => p.Name == "Expiry" && p.Result == DrillResult.Running
            && p.Message!.Contains($"until the grant expires at {Timestamp.Text(ExpiresAt)}"));
    }

    [Theory]
    [InlineData(DrillStep.Use, "Request Approval Access Use Revocation")]
    [InlineData(DrillStep.Expiry, "Request Approval Access Use Expiry Revocation")]
    [InlineData(DrillStep.Denial, "Request Approval Access Use Expiry Denial Revocation Proof Journal Events Metrics Notifications Audit")]
    [InlineData(DrillStep.Proof, "Request Approval Access Use Expiry Denial Proof Journal Events Metrics Notifications Audit")]
    public void A_run_that_was_to_let_its_grant_expire_revokes_it_after_a_failure_and_if_access_still_works(DrillStep failing, string expected)
    {
        var (run, steps) = Play(new(Expiring, null), step => step == failing ? DrillAnswer.Failed("StillAllowed", "it did not work") : DrillAnswer.Passed());
        string.Join(' ', steps).Should().Be(expected);
        run.Reason.Should().Be("StillAllowed");
        run.Failures.Should().Equal($"{failing}: it did not work.");
    }

    [Fact]
    public void A_run_that_keeps_access_open_and_then_lets_it_expire_does_both_in_this_order()
    {
        var (_, steps) = Play(new(Expiring with { Hold = "1m" }, null), _ => DrillAnswer.Passed());
        steps.SkipWhile(s => s is not DrillStep.Use).Take(4).Should().Equal(DrillStep.Use, DrillStep.Hold, DrillStep.Expiry, DrillStep.Denial);
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

    [Theory]
    [InlineData(DrillEnd.Revoke)]
    [InlineData(DrillEnd.Expire)]
    public void Whatever_fails_a_run_ends_and_leaves_no_access_open_that_it_could_end(DrillEnd end)
    {
        var answers = Gen.Elements(
            DrillAnswer.Passed(), DrillAnswer.Skipped("nothing to do"), DrillAnswer.Failed("ServerError", "no answer"),
            DrillAnswer.Failed("RequestRefused", "refused") with { NoGrant = true }).ListOf(Enum.GetValues<DrillStep>().Length);
        Prop.ForAll(answers.ToArbitrary(), list =>
        {
            var left = new Queue<DrillAnswer>(list);
            var (asked, refused, revoked) = (false, false, false);
            var (run, steps) = Play(new(Run with { End = end }, null), step =>
            {
                var answer = left.Dequeue();
                asked |= step is DrillStep.Request;
                refused |= answer.NoGrant;
                revoked |= step is DrillStep.Revocation || (end is DrillEnd.Expire && step is DrillStep.Denial && answer.Result is DrillResult.Passed);
                return answer;
            });
            steps.Should().OnlyHaveUniqueItems();
            asked.Should().BeTrue();
            (revoked || refused).Should().BeTrue("a grant that may exist is revoked, or its access was refused after it expired");
            run.Result.Should().BeOneOf(DrillResult.Passed, DrillResult.Failed);
            (run.Result is DrillResult.Failed).Should().Be(run.Phases.Any(p => p.Result is DrillResult.Failed));
            run.Phases.Should().NotContain(p => p.Result == DrillResult.Running);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    /// <summary>All goes well, and the grant says when it expires.</summary>
    private static DrillAnswer Expires(DrillStep step) => DrillAnswer.Passed() with { ExpiresAt = step is DrillStep.Access ? ExpiresAt : null };

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
