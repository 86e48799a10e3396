using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;
using Change = System.Func<BreakGlass.Core.Api.GrantSpec, BreakGlass.Core.Api.GrantSpec>;

namespace BreakGlass.Core.Tests.Rules;

public sealed class ImmutabilityRulesTests
{
    private static readonly Dictionary<string, Change> Changes = new()
    {
        ["policy"] = s => s with { Policy = "other" },
        ["justification"] = s => s with { Justification = "other" },
        ["ticket"] = s => s with { Ticket = null },
        ["duration"] = s => s with { Duration = "12h" },
        ["startTime"] = s => s with { StartTime = A.Start },
        ["access"] = s => s with { Access = ["payments"] },
        ["namespaces"] = s => s with { Namespaces = ["shop"] },
        ["recipientKey"] = s => s with { RecipientKey = new() { Kty = "EC" } },
        ["requester"] = s => s with { Requester = A.Caller("mallory") },
        ["the requester's groups"] = s => s with { Requester = A.Caller("alice", "payments-oncall", "admins") },
        ["the requester's claims"] = s =>
            s with { Requester = s.Requester! with { Extra = new Dictionary<string, IReadOnlyList<string>> { ["amr"] = ["mfa"] } } },
    };

    public static TheoryData<string> Cases => [.. Changes.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_grant_cannot_be_changed(string what)
    {
        ImmutabilityRules.Check(A.Grant(), A.Grant(Changes[what]))!.Message.Should().Contain("only spec.revoke can be set; create a new grant instead");
        ImmutabilityRules.Check(A.Grant(), A.Grant(s => Changes[what](s) with { Revoke = new() }))
            .Should().NotBeNull("not under cover of a revocation either");
    }

    [Fact]
    public void A_grant_is_revoked_once_and_for_all()
    {
        var revoked = A.Grant(s => s with { Revoke = new() { Reason = "done", By = A.Caller("bob") } });
        ImmutabilityRules.Check(A.Grant(), revoked).Should().BeNull();
        ImmutabilityRules.Check(revoked, revoked).Should().BeNull();
        ImmutabilityRules.Check(revoked, A.Grant())!.Field.Should().Be("spec.revoke");
        ImmutabilityRules.Check(revoked, A.Grant(s => s with { Revoke = new() { Reason = "other", By = A.Caller("bob") } }))!.Message
            .Should().Contain("cannot be changed once it is set");
    }

    [Fact]
    public void Metadata_status_and_lists_that_read_the_same_are_no_change()
    {
        var other = A.Grant(s => s with { Access = [], Requester = A.Caller("alice", "payments-oncall") }) with { Status = new() { Phase = GrantPhase.Active },
            Metadata = new() { Name = "x" } };
        ImmutabilityRules.Check(A.Grant(), other).Should().BeNull();
    }

    [Fact]
    public void Approvals_reviews_and_lockdowns_cannot_be_changed()
    {
        var approval = A.Approval(A.Grant(), A.Caller("bob"));
        ImmutabilityRules.Check(approval, approval with { Status = new() { ObservedGeneration = 1 } }).Should().BeNull();
        ImmutabilityRules.Check(approval, approval with { Spec = approval.Spec with { Decision = "Deny" } })!.Message.Should().Contain("create another one");
        var review = A.Review(A.Grant(), A.Caller("bob"));
        ImmutabilityRules.Check(review, review).Should().BeNull();
        ImmutabilityRules.Check(review, review with { Spec = review.Spec with { Comment = "x" } })!.Message.Should().Contain("create another one");
        ImmutabilityRules.Check(A.Lockdown(), A.Lockdown()).Should().BeNull();
        ImmutabilityRules.Check(A.Lockdown(), A.Lockdown(A.Selector(("a", "b"))))!.Message.Should().Contain("delete this one to lift it");
    }

    [Theory]
    [InlineData(GrantPhase.Expired, 47, false)]
    [InlineData(GrantPhase.Revoked, 47, false)]
    [InlineData(GrantPhase.Expired, 49, true)]
    public void The_record_of_access_that_was_given_stays_as_long_as_the_policy_says(GrantPhase phase, int hours, bool deletable)
    {
        var problem = ImmutabilityRules.CheckDelete(A.FinishedGrant(phase), A.Policy(s => s with { RetainFor = "48h" }), A.Start.AddHours(hours));
        (problem is null).Should().Be(deletable);
        if (!deletable) problem!.Message.Should().Contain("kept until 2026-11-24T01:32:03.000Z").And.Contain("deleted automatically");
    }

    [Fact]
    public void What_gives_access_can_be_deleted_which_ends_it_and_a_warning_says_what_goes_with_it()
    {
        var active = A.Grant() with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddHours(1) } };
        ImmutabilityRules.CheckDelete(active, A.Policy(), A.Start).Should().BeNull();
        ImmutabilityRules.DeleteWarning(active).Should().Contain("record and review").And.Contain("kubectl breakglass revoke inc-4711");
        ImmutabilityRules.DeleteWarning(active with { Status = active.Status with { Phase = GrantPhase.Pending } }).Should().NotBeNull("it is about to open");
        ImmutabilityRules.DeleteWarning(active with { Metadata = active.Metadata with { DeletedAt = A.Start } }).Should().BeNull("it goes already");
        ImmutabilityRules.DeleteWarning(A.Grant() with { Status = new() { Phase = GrantPhase.AwaitingApproval } })
            .Should().BeNull("a request can be taken back");
        ImmutabilityRules.DeleteWarning(A.FinishedGrant(GrantPhase.Expired)).Should().BeNull("it is over");
    }

    [Fact]
    public void What_never_gave_access_can_be_deleted_and_without_a_policy_a_record_stays_for_ninety_days()
    {
        ImmutabilityRules.CheckDelete(A.Grant(), A.Policy(), A.Start).Should().BeNull();
        ImmutabilityRules.CheckDelete(A.Grant() with { Status = new() { Phase = GrantPhase.Denied, EndedAt = A.Start } }, A.Policy(), A.Start)
            .Should().BeNull();
        ImmutabilityRules.CheckDelete(A.FinishedGrant(GrantPhase.Expired), null, A.Start.AddDays(89)).Should().NotBeNull();
        ImmutabilityRules.CheckDelete(A.FinishedGrant(GrantPhase.Expired), null, A.Start.AddDays(91)).Should().BeNull();
    }
}
