using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Tests.Lifecycle.Model;
using FluentAssertions;
using k8s.Models;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Lifecycle;

/// <summary>The review after the fact: pending, done, overdue, and what it holds up.</summary>
public sealed class GrantReviewTests
{
    private static readonly ReviewTerms Terms =
        new() { Required = true, Within = "2h", Reviewers = [A.Group("security")], BlockRequesterUntilReviewed = true };

    private static BreakGlassPolicy Reviewed => A.Policy(s => s with { Review = Terms });

    [Fact]
    public void While_access_lasts_the_review_is_neither_done_nor_missing_and_after_it_it_is_pending()
    {
        var world = new ModelWorld(Reviewed).Run();
        Of(world).Should().Match<Condition>(c => c.Status == "Unknown" && c.Reason == "NotEnded");
        world.RunUntil(A.Start.AddMinutes(31));
        Of(world).Should().Match<Condition>(c => c.Status == "False" && c.Reason == "ReviewPending" && c.Message.Contains("within 2h")
            && c.Message.Contains("Ask Group security to create a BreakGlassReview for 'inc-4711'"));
    }

    [Theory]
    [InlineData("Justified")]
    [InlineData("Unjustified")]
    [InlineData("Misused")]
    public void A_review_is_recorded_with_its_outcome_and_told_once(string outcome)
    {
        var world = new ModelWorld(Reviewed).RunUntil(A.Start.AddMinutes(31));
        world.Review("erin", outcome);
        world.Run();
        Of(world).Should().Match<Condition>(c => c.Status == "True" && c.Reason == outcome && c.Message == $"Reviewed by erin: {outcome}.");
        world.Review("frank", "Misused");
        world.RunFor(TimeSpan.FromHours(3));
        Of(world).Reason.Should().Be(outcome, "the first review stands");
        world.Events.Should().ContainSingle(n => n.Reason == "GrantReviewed").Which.Text.Should().Contain("erin").And.Contain(outcome);
        world.Events.Should().NotContain(n => n.Reason == "ReviewOverdue");
    }

    [Fact]
    public void Neither_requester_nor_approver_nor_somebody_else_reviews()
    {
        var world = new ModelWorld(GrantApprovalTests.JustInTime(policy: s => s with { Review = Terms })).Run();
        world.Decide("carol");
        world.RunUntil(A.Start.AddHours(1));
        world.Review("alice");
        world.Review("carol");
        world.Review("mallory", group: "dev");
        world.Run();
        Of(world).Reason.Should().Be("ReviewPending");
        world.Review("erin");
        world.Run();
        Of(world).Status.Should().Be("True");
    }

    [Fact]
    public void A_review_that_does_not_come_in_time_is_overdue_and_that_is_told_once()
    {
        var world = new ModelWorld(Reviewed).RunUntil(A.Start.AddMinutes(150).AddMilliseconds(-1));
        Of(world).Reason.Should().Be("ReviewPending");
        world.RunUntil(A.Start.AddMinutes(150));
        Of(world).Should().Match<Condition>(
            c => c.Status == "False" && c.Reason == "ReviewOverdue" && c.Message.Contains("within 2h") && c.Message.Contains("Group security"));
        world.RunFor(TimeSpan.FromHours(10));
        world.Events.Should().ContainSingle(n => n.Reason == "ReviewOverdue").Which.Warning.Should().BeTrue();
        world.Review("erin");
        world.Run();
        Of(world).Status.Should().Be("True", "better late than never");
    }

    [Fact]
    public void What_was_not_reviewed_is_never_deleted_and_what_was_is_in_its_time()
    {
        var world = new ModelWorld(A.Policy(s => s with { RetainFor = "48h" })).RunFor(TimeSpan.FromDays(400));
        world.Cluster.Grant.Should().NotBeNull();
        world.Review("erin");
        world.Run().Cluster.Grant.Should().BeNull("its time has been over for long");
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Grants_of_other_modes_are_reviewed_where_the_policy_says_so(bool? required, bool reviewed)
    {
        var world = new ModelWorld(
            GrantApprovalTests.JustInTime(policy: s => s with { Review = required is null ? null : Terms with { Required = required } })).Run();
        world.Decide("carol");
        world.RunUntil(A.Start.AddHours(1)).Status.Phase.Should().Be(GrantPhase.Expired);
        (Conditions.Find(world.Status.Conditions, "Reviewed")?.Reason).Should().Be(reviewed ? "ReviewPending" : null);
        if (!reviewed) world.RunFor(TimeSpan.FromDays(91)).Cluster.Grant.Should().BeNull();
    }

    [Fact]
    public void What_failed_before_it_opened_has_nothing_to_be_reviewed_and_is_deleted_in_its_time()
    {
        var world = new ModelWorld(Reviewed) { RefusesCreate = o => o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } ? 403 : null };
        world.RunFor(TimeSpan.FromMinutes(1)).Status.Phase.Should().Be(GrantPhase.Failed);
        Conditions.Find(world.Status.Conditions, "Reviewed").Should().BeNull();
        world.RunFor(TimeSpan.FromDays(91)).Cluster.Grant.Should().BeNull();
    }

    /// <summary>Whose grant it was, its review, and whether the next is denied.</summary>
    [Theory]
    [InlineData("alice", "False", true)]
    [InlineData("alice", "True", false)]
    [InlineData("alice", null, false)]
    [InlineData("bob", "False", false)]
    public void A_requester_waits_for_the_review_of_their_last_grant_where_the_policy_says_so(string requester, string? reviewed, bool denied)
    {
        var over = GrantLimitTests.Over("inc-1", requester, 5);
        if (reviewed is not null)
            over = over with { Status = over.Status with { Conditions = [new() { Type = "Reviewed", Status = reviewed, Reason = "x" }] } };
        var world = new ModelWorld(Reviewed);
        world.Cluster.Siblings = [over];
        world.Run().Status.Phase.Should().Be(denied ? GrantPhase.Denied : GrantPhase.Active);
        if (denied)
        {
            Conditions.Find(world.Status.Conditions, "Authorized")
                .Should().Match<Condition>(c => c.Reason == "ReviewPending" && c.Message.Contains("'inc-1'") && c.Message.Contains("Group security"));
        }

        var free = new ModelWorld(A.Policy());
        free.Cluster.Siblings = [over];
        free.Run().Status.Phase.Should().Be(GrantPhase.Active, "that policy does not ask for it");
    }

    [Fact]
    public void A_live_grant_does_not_hold_up_the_next()
    {
        var world = new ModelWorld(Reviewed);
        var live = GrantLimitTests.Live("inc-1", "alice");
        world.Cluster.Siblings =
            [live with { Status = live.Status with { Conditions = [new() { Type = "Reviewed", Status = "Unknown", Reason = "NotEnded" }] } }];
        world.Run().Status.Phase.Should().Be(GrantPhase.Active);
    }

    private static Condition Of(ModelWorld world) => Conditions.Find(world.Status.Conditions, "Reviewed")!;
}
