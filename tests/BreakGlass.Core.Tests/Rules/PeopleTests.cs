using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>Who may decide on a grant, review it, shut it: the rules of approvals, reviews and lockdowns.</summary>
public sealed class PeopleTests
{
    private static readonly BreakGlassPolicy Policy = A.Policy(s => s with
    {
        Mode = PolicyMode.JustInTime,
        Approval = new() { Approvers = [A.Group("approvers"), A.User("dora")] },
        Review = new() { Reviewers = [A.Group("security")] },
    });

    private static readonly BreakGlassGrant Grant = A.Grant(
        s => s with { Requester = A.Caller("alice", "payments-oncall", "approvers", "security") with { Uid = "u-alice" } });

    private static readonly BreakGlassGrant Over =
        Grant with { Status = A.FinishedGrant(GrantPhase.Expired).Status with { Approvals = [new() { Approver = "carol", Decision = "Approve" }] } };

    [Fact]
    public void An_approver_s_decision_counts()
    {
        ApprovalRules.Check(By("carol", "approvers"), Grant, Policy).Should().BeNull();
        ApprovalRules.Check(By("dora"), Grant, Policy).Should().BeNull();
        ApprovalRules.Check(By("carol", "approvers") with { Spec = By("carol", "approvers").Spec with { Decision = "Deny" } }, Grant, Policy)
            .Should().BeNull();
        ApprovalRules.AtAdmission(By("carol", "approvers"), Grant, Policy).Should().BeNull();
    }

    public static TheoryData<string, string, string> Refusals => new()
    {
        { "no such grant", "GrantNotFound", "kubectl get bgg" },
        { "another uid", "AnotherGrant", "create a new approval" },
        { "no uid", "AnotherGrant", "has no grantUid" },
        { "another name", "AnotherGrant", "another grant" },
        { "perhaps", "DecisionInvalid", "use Approve or Deny" },
        { "nobody", "ApproverMissing", "webhook" },
        { "no policy", "PolicyNotFound", "nothing to decide" },
        { "no approval", "ApprovalNotAsked", "does not require approval" },
        { "the requester", "OwnRequest", "requesters cannot decide on their own requests; ask one of Group approvers" },
        { "the requester under another name", "OwnRequest", "'alice2'" },
        { "somebody else", "ApproverNotAllowed", "'mallory' is not among the approvers" },
        { "groups written by hand are not asked", "ApproverNotAllowed", "Group approvers, User dora" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_decision_that_does_not_count_says_why(string what, string reason, string words)
    {
        var good = By("carol", "approvers");
        var (approval, grant, policy) = what switch
        {
            "no such grant" => (good, null, Policy),
            "another uid" => (good with { Spec = good.Spec with { GrantUid = "grant-0" } }, Grant, Policy),
            "no uid" => (good with { Spec = good.Spec with { GrantUid = null } }, Grant, Policy),
            "another name" => (good with { Spec = good.Spec with { Grant = "inc-1" } }, Grant, Policy),
            "perhaps" => (good with { Spec = good.Spec with { Decision = "approve" } }, Grant, Policy),
            "nobody" => (good with { Spec = good.Spec with { Approver = null } }, Grant, Policy),
            "no policy" => (good, Grant, null),
            "no approval" => (good, Grant, A.Policy()),
            "the requester" => (By("alice", "approvers"), Grant, Policy),
            "the requester under another name" =>
                (good with { Spec = good.Spec with { Approver = A.Caller("alice2", "approvers") with { Uid = "u-alice" } } }, Grant, Policy),
            "somebody else" => (By("mallory", "dev"), Grant, Policy),
            _ => (By("approvers"), Grant, (BreakGlassPolicy?)Policy),
        };
        var problem = ApprovalRules.Check(approval, grant, policy)!;
        problem.Reason.Should().Be(reason);
        problem.Message.Should().Contain(words).And.NotEndWith(".");
        ApprovalRules.AtAdmission(approval, grant, policy)!.Reason.Should().Be(reason);
    }

    [Fact]
    public void A_decision_on_what_is_decided_already_is_refused_when_it_is_made()
    {
        ApprovalRules.AtAdmission(By("carol", "approvers"), Over, Policy)!.Reason.Should().Be("AlreadyDecided");
        var active = Grant with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } };
        ApprovalRules.AtAdmission(By("carol", "approvers"), active, Policy)!.Message.Should().Contain("to end its access, set its spec.revoke");
    }

    public static TheoryData<string, string, string> ReviewRefusals => new()
    {
        { "no such grant", "GrantNotFound", "kubectl get bgg" },
        { "another uid", "AnotherGrant", "create a new review" },
        { "fine", "OutcomeInvalid", "Justified, Unjustified, Misused" },
        { "nobody", "ReviewerMissing", "webhook" },
        { "never given", "NothingToReview", "never gave access" },
        { "the requester", "OwnRequest", "requesters cannot review their own access; ask one of Group security" },
        { "an approver", "OwnApproval", "'carol' decided on this grant" },
        { "somebody else", "ReviewerNotAllowed", "'mallory' is not among the reviewers" },
    };

    [Theory]
    [MemberData(nameof(ReviewRefusals))]
    public void A_review_that_does_not_count_says_why(string what, string reason, string words)
    {
        var good = A.Review(Over, A.Caller("erin", "security"));
        var (review, grant) = what switch
        {
            "no such grant" => (good, null),
            "another uid" => (good with { Spec = good.Spec with { GrantUid = "grant-0" } }, Over),
            "fine" => (good with { Spec = good.Spec with { Outcome = "Fine" } }, Over),
            "nobody" => (good with { Spec = good.Spec with { Reviewer = A.Caller("") } }, Over),
            "never given" => (good, Grant),
            "the requester" => (A.Review(Over, A.Caller("alice", "security")), Over),
            "an approver" => (A.Review(Over, A.Caller("carol", "security")), Over),
            _ => (A.Review(Over, A.Caller("mallory", "dev")), (BreakGlassGrant?)Over),
        };
        var problem = ReviewRules.Check(review, grant, Policy)!;
        problem.Reason.Should().Be(reason);
        problem.Message.Should().Contain(words).And.NotEndWith(".");
    }

    [Fact]
    public void A_review_is_made_once_access_is_over_and_once_only()
    {
        var review = A.Review(Over, A.Caller("erin", "security"));
        ReviewRules.AtAdmission(review, Over, Policy).Should().BeNull();
        ReviewRules.AtAdmission(review, Over with { Status = Over.Status with { Phase = GrantPhase.Active } }, Policy)!.Reason.Should().Be("StillActive");
        var reviewed = Over.Status with { Conditions = [new() { Type = "Reviewed", Status = "True", Reason = "Justified" }] };
        ReviewRules.AtAdmission(review, Over with { Status = reviewed }, Policy)!.Reason.Should().Be("AlreadyReviewed");
    }

    [Fact]
    public void Where_no_reviewers_are_named_or_the_policy_is_gone_anybody_reviews_who_is_not_involved()
    {
        ReviewRules.Check(A.Review(Over, A.Caller("anybody")), Over, A.Policy()).Should().BeNull();
        ReviewRules.Check(A.Review(Over, A.Caller("anybody")), Over, null).Should().BeNull();
        ReviewRules.Check(A.Review(Over, A.Caller("alice")), Over, null)!.Reason.Should().Be("OwnRequest");
        ReviewRules.Check(A.Review(Over, A.Caller("carol")), Over, null)!.Reason.Should().Be("OwnApproval");

        // People are told apart by their UID too, as where they ask or approve.
        var approved = Over with { Status = Over.Status with { Approvals = [new() { Approver = "carol", Uid = "u-carol", Decision = "Approve" }] } };
        ReviewRules.Check(A.Review(approved, A.Caller("carol-admin", "security") with { Uid = "u-carol" }), approved, Policy)!.Reason
            .Should().Be("OwnApproval");
        ReviewRules.Check(A.Review(approved, A.Caller("rita", "security") with { Uid = "u-rita" }), approved, Policy).Should().BeNull();
    }

    [Theory]
    [InlineData(PolicyMode.BreakGlass, null, true)]
    [InlineData(PolicyMode.BreakGlass, true, true)]
    [InlineData(PolicyMode.JustInTime, null, false)]
    [InlineData(PolicyMode.JustInTime, true, true)]
    [InlineData(PolicyMode.TimeBoxed, false, false)]
    public void A_review_is_required_where_the_policy_says_so_and_always_of_break_glass(PolicyMode mode, bool? required, bool expected) =>
        ReviewRules.IsRequired(new() { Mode = mode, Review = required is null ? null : new() { Required = required } }).Should().Be(expected);

    [Fact]
    public void A_lockdown_covers_what_its_selector_matches_and_where_in_doubt_everything()
    {
        var policy = Policy with { Metadata = Policy.Metadata with { Labels = A.Labels(("team", "payments")) } };
        LockdownRules.Covers(A.Lockdown(), policy).Should().BeTrue();
        LockdownRules.Covers(A.Lockdown(new()), policy).Should().BeTrue("an empty selector is everything");
        LockdownRules.Covers(A.Lockdown(A.Selector(("team", "payments"))), policy).Should().BeTrue();
        LockdownRules.Covers(A.Lockdown(A.Selector(("team", "shop"))), policy).Should().BeFalse();
        LockdownRules.Covers(A.Lockdown(A.Selector(("team", "shop"))), null).Should().BeTrue("nothing says that it is not meant");
        LockdownRules.Covers(A.Lockdown(A.Selector("team", "in", "shop")), policy).Should().BeTrue("a switch that cannot be read is there to be safe");
        LockdownRules.Check(A.Lockdown(A.Selector("team", "in", "shop")))!.Field.Should().Be("spec.policySelector");
        LockdownRules.Check(A.Lockdown() with { Spec = new() { Reason = " " } })!.Field.Should().Be("spec.reason");
        LockdownRules.Check(A.Lockdown()).Should().BeNull();
    }

    [Theory]
    [InlineData("alice", null, "alice", null, true)]
    [InlineData("alice", "1", "alice", "2", true)]
    [InlineData("alice", "1", "bob", "1", true)]
    [InlineData("alice", null, "bob", null, false)]
    [InlineData("alice", "", "bob", "", false)]
    [InlineData("alice", "1", "Alice", "2", true)]
    [InlineData("", null, "", null, false)]
    public void Two_callers_are_one_person_by_name_or_by_uid(string a, string? uidA, string b, string? uidB, bool same) =>
        Callers.Same(A.Caller(a) with { Uid = uidA }, A.Caller(b) with { Uid = uidB }).Should().Be(same);

    private static BreakGlassApproval By(string who, params string[] groups) => A.Approval(Grant, A.Caller(who, groups));
}
