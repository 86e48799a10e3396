using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

/// <summary>One person under two spellings or two accounts neither approves nor reviews their own request, nor gets round a limit.</summary>
public sealed class OnePersonTests
{
    private static readonly BreakGlassPolicy Policy = A.Policy(s => s with
    {
        Mode = PolicyMode.JustInTime,
        Approval = new() { Approvers = [A.Group("approvers")] },
        Review = new() { Reviewers = [A.Group("security")], BlockRequesterUntilReviewed = true },
    });

    [Theory]
    [InlineData("alice", "Alice", true)]
    [InlineData("alice", "\uFF21lice", true)] // full width
    [InlineData("zoe", "\uFF3Ao\U0001D452", true)] // the last of a row of the table, and one from inside another
    [InlineData("alice", "al\u200Bice\u2060", true)]
    [InlineData("alice ", " alice", true)]
    [InlineData("jos\u00E9", "JOSE\u0301", true)]
    [InlineData("stra\u00DFe", "STRASSE", true)]
    [InlineData("\uFB01nn", "finn", true)]
    [InlineData("\u03A3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C2", "\u03C3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C3", true)]
    [InlineData("\uAC01", "\u1100\u1161\u11A8", true)]
    [InlineData("a\u0323\u0307", "a\u0307\u0323", true)]
    [InlineData("jose", "jos\u00E9", false)]
    [InlineData("alice", "alice2", false)]
    [InlineData("alice", "alic\u0435", false)] // another letter: shown, and not taken for the same
    public void Two_spellings_of_one_name_are_one_person(string a, string b, bool same)
    {
        Callers.Same(A.Caller(a), A.Caller(b)).Should().Be(same);
        Callers.Same(A.Caller(b), A.Caller(a)).Should().Be(same);
    }

    [Fact]
    public void Two_accounts_with_the_same_employee_number_are_one_person()
    {
        var (alice, admin) = (A.Caller("alice") with { Person = ["id=4711"] }, A.Caller("adm-77") with { Person = ["mail=x", "id=4711"] });
        Callers.Same(alice, admin).Should().BeTrue();
        Callers.Same(alice, admin with { Person = ["id=4712"] }).Should().BeFalse();
        Callers.Same(alice with { Person = [] }, admin with { Person = [] }).Should().BeFalse();
    }

    [Fact]
    public void Alice_does_not_approve_what_alice_asked_for()
    {
        var grant = A.Grant(s => s with { Requester = A.Caller("alice", "payments-oncall") });
        var problem = ApprovalRules.Check(A.Approval(grant, A.Caller("Alice", "approvers")), grant, Policy)!;
        problem.Reason.Should().Be("OwnRequest");
        problem.ToString().Should().Contain("'Alice' is the same person as 'alice', who requested this grant");
    }

    [Fact]
    public void Neither_who_asked_nor_who_approved_reviews_under_another_spelling()
    {
        var over = A.FinishedGrant(GrantPhase.Expired);
        over = over with { Status = over.Status with { Approvals = [new() { Approver = "carol", Person = ["id=1"], Decision = "Approve" }] } };
        ReviewRules.Check(A.Review(over, A.Caller("ALICE", "security")), over, Policy)!.Reason.Should().Be("OwnRequest");
        ReviewRules.Check(A.Review(over, A.Caller("Carol", "security")), over, Policy)!.Reason.Should().Be("OwnApproval");
        ReviewRules.Check(A.Review(over, A.Caller("sue", "security") with { Person = ["id=1"] }), over, Policy)!.Reason.Should().Be("OwnApproval");
        ReviewRules.Blocked(A.Grant(s => s with { Requester = A.Caller("Alice") }, "next", "grant-2"), Policy,
            [over with { Status = over.Status with { Conditions = [new() { Type = GrantConditions.Reviewed, Status = "False" }] } }])!.Reason
            .Should().Be("ReviewPending");
    }

    [Theory]
    [InlineData("courier", null, null)]
    [InlineData("Courier", null, null)]
    [InlineData("adm-77", "u-7", null)]
    [InlineData("adm-77", null, "id=4711")]
    public void Who_presented_a_voucher_neither_approves_nor_reviews_what_it_gave(string name, string? uid, string? person)
    {
        var grant = AVoucher.Grant(s => s with
        {
            Requester = s.Requester! with
            {
                Extra = new Dictionary<string, IReadOnlyList<string>>
                {
                    [BreakGlassApi.VoucherExtra] = ["v-1"], [BreakGlassApi.PresenterUidExtra] = ["u-7"], [BreakGlassApi.PresenterPersonExtra] = ["id=4711"],
                },
            },
        });
        var who = A.Caller(name, "approvers", "security") with { Uid = uid, Person = person is null ? [] : [person] };

        var problem = ApprovalRules.AtAdmission(A.Approval(grant, who), grant, Policy)!;
        (problem.Reason, problem.Field).Should().Be(("OwnRequest", "spec.approver"));
        problem.Message.Should().Contain("presented the voucher of this grant").And.Contain("ask one of Group approvers");
        ApprovalRules.Check(A.Approval(grant, A.Caller("carol", "approvers") with { Uid = "u-8", Person = ["id=4712"] }), grant, Policy).Should().BeNull();

        var over = grant with { Status = A.FinishedGrant(GrantPhase.Expired).Status };
        problem = ReviewRules.AtAdmission(A.Review(over, who), over, Policy)!;
        (problem.Reason, problem.Field).Should().Be(("OwnRequest", "spec.reviewer"));
        ReviewRules.Check(A.Review(over, who), over, null)!.Reason.Should().Be("OwnRequest", "the policy is gone");
        ReviewRules.Check(A.Review(over, A.Caller("sue", "security")), over, Policy).Should().BeNull();
    }

    [Fact]
    public void A_presenter_whose_name_is_too_long_to_be_kept_is_known_by_its_start()
    {
        var name = new string('x', Stamps.LongestPresenter);
        var grant = A.Grant(s => s with { Requester = A.Caller("alice") with { PresentedBy = name } });
        Callers.IsPresenter(A.Caller(name + "-more"), grant.Spec.Requester).Should().BeTrue();
        Callers.IsPresenter(A.Caller(name[1..]), grant.Spec.Requester).Should().BeFalse();
        Callers.IsPresenter(A.Caller("alice"), A.Caller("alice")).Should().BeFalse("nobody presented a voucher");
    }

    [Theory]
    [InlineData("Alice", null, true)]
    [InlineData("adm-77", "id=4711", true)]
    [InlineData("bob", null, false)]
    public void A_limit_per_requester_counts_people_and_not_spellings(string name, string? person, bool refused)
    {
        var held = new HolderRecord { Grant = "first", Uid = "grant-0", Requester = "alice", Person = ["id=4711"] };
        var policy = A.Policy(s => s with { Limits = new() { MaxActivePerRequester = 1 } });
        var asks = A.Grant(s => s with { Requester = A.Caller(name) with { Person = person is null ? [] : [person] } });
        (LimitRules.Check(policy with { Status = new() { Holders = [held] } }, asks, [], A.Start)?.Reason == "LimitReached").Should().Be(refused);
        var cooling = A.Policy(s => s with { Limits = new() { Cooldown = "1h" } }) with { Status = new() { Holders = [held with { EndedAt = A.Start }] } };
        (LimitRules.Check(cooling, asks, [], A.Start.AddMinutes(1))?.Reason == "CoolingDown").Should().Be(refused);
    }

    [Fact]
    public void A_place_is_taken_in_the_name_of_the_person()
    {
        var grant = A.Grant(s => s with { Requester = A.Caller("alice") with { Uid = "u", Person = ["id=4711"] } });
        LimitRules.Reserve(A.Policy(), grant, bypass: false, A.Start).Holders.Should().ContainSingle().Which
            .Should().BeEquivalentTo(new { Requester = "alice", RequesterUid = "u", Person = new[] { "id=4711" } });
    }

    [Fact]
    public void Whether_somebody_is_among_the_requesters_is_asked_letter_by_letter_as_rbac_does() =>
        Subjects.Include([A.User("alice")], A.Caller("Alice")).Should().BeFalse();

    [Fact]
    public void What_is_retracted_does_not_count_though_a_finalizer_holds_it()
    {
        var grant = A.Grant(s => s with { Requester = A.Caller("alice") });
        var approval = A.Approval(grant, A.Caller("carol", "approvers"));
        ApprovalRules.Check(approval, grant, Policy).Should().BeNull();
        ApprovalRules.Check(approval with { Metadata = approval.Metadata with { DeletedAt = A.Start, Finalizers = ["carol.example/keep"] } }, grant,
            Policy)!.Reason.Should().Be("Retracted");
        var over = A.FinishedGrant(GrantPhase.Expired);
        var review = A.Review(over, A.Caller("sue", "security"));
        ReviewRules.Check(review, over, Policy).Should().BeNull();
        ReviewRules.Check(review with { Metadata = review.Metadata with { DeletedAt = A.Start } }, over, Policy)!.Reason.Should().Be("Retracted");
    }

    [Fact]
    public void A_lockdown_that_is_being_deleted_shuts_until_it_is_gone()
    {
        var lockdown = A.Lockdown();
        LockdownRules.For(A.Policy(), [lockdown with { Metadata = lockdown.Metadata with { DeletedAt = A.Start } }])
            .Should().NotBeNull("somebody else's finalizer may hold it, and nobody said yet that all is well");
    }
}
