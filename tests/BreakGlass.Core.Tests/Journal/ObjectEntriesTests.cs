using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Journal;

/// <summary>What objects imply besides transitions: the same ids whenever they are made, and entries that are never too large for the journal.</summary>
public sealed class ObjectEntriesTests
{
    private static readonly DateTimeOffset Seen = A.Start.AddDays(3);

    private static BreakGlassGrant Noted => A.FinishedGrant(GrantPhase.Revoked) with
    {
        Status = A.FinishedGrant(GrantPhase.Revoked).Status with
        {
            CredentialJwe = "secret",
            Conditions =
            [
                new() { Type = GrantConditions.Revoked, Status = "True", Reason = GrantConditions.Proven, LastTransitionTime = A.Start.AddMinutes(31) },
            ],
            Bindings =
            [
                new() { Kind = "RoleBinding", Namespace = "payments", Name = "a", Role = "ClusterRole/edit" },
                new() { Kind = "RoleBinding", Namespace = "billing", Name = "b", Role = "ClusterRole/edit", Problem = "namespace billing does not exist" },
            ],
            Residue =
            [
                "refused rbac: create rolebindings.rbac.authorization.k8s.io payments/mine", "refused rbac: create roles.rbac.authorization.k8s.io, 12 more",
                "allowed tokens: create serviceaccounts/token payments/app", "left: jobs.batch payments/miner",
            ],
        },
    };

    public static TheoryData<string, JournalEntry, string, string, string, string?, string?, bool> Rows => new()
    {
        { "a new policy", PolicyEntries.Of(Policy(1), true, Seen), "policy-1/g1", "policy.created", "policies/payments-oncall", "dave", null, false },
        { "a changed policy", PolicyEntries.Of(Policy(7), true, Seen), "policy-1/g7", "policy.changed", "policies/payments-oncall", "dave", null, true },
        { "a policy without a seal", PolicyEntries.Of(Policy(1), false, Seen), "policy-1/g1", "policy.created", "policies/payments-oncall", null, null,
            false },
        { "a deleted policy", PolicyEntries.Deleted("policy-1", "payments-oncall", Seen), "policy-1/deleted", "policy.deleted", "policies/payments-oncall",
            null, null, true },
        { "an approval", ApprovalEntries.Of(A.Approval(A.Grant(), A.Caller("carol")), A.Grant(), true, Seen), "uid-approval-1/0", "approval.approved",
            "approvals/approval-1", "carol", "Approve", false },
        { "a refusal", ApprovalEntries.Of(A.Approval(A.Grant(), A.Caller("carol"), "Deny"), A.Grant(), true, Seen), "uid-approval-1/0", "approval.denied",
            "approvals/approval-1", "carol", "Deny", false },
        { "a forged approval", ApprovalEntries.Of(A.Approval(A.Grant(), A.Caller("carol")), A.Grant(), false, Seen), "uid-approval-1/0", "approval.approved",
            "approvals/approval-1", null, "Approve", false },
        { "a review", ApprovalEntries.Of(A.Review(A.Grant(), A.Caller("sue"), "Misused"), A.Grant(), true, Seen), "uid-review-1/0", "grant.reviewed",
            "reviews/review-1", "sue", "Misused", false },
        { "a lockdown", LockdownEntries.Engaged(A.Lockdown(), true, Seen), "uid-lockdown-1/on", "lockdown.engaged", "lockdowns/lockdown-1", "sue",
            null, false },
        { "a lifted lockdown", LockdownEntries.Lifted("uid-lockdown-1", "lockdown-1", Seen), "uid-lockdown-1/off", "lockdown.lifted", "lockdowns/lockdown-1",
            null, null, true },
        { "a seal key", SealKeyEntries.Added(new("ab12", A.Start), 0, Seen), $"sealkey-ab12.{A.Start.ToUnixTimeSeconds()}/0", "sealkey.added",
            "sealkeys/ab12", null, null, false },
        { "a retired seal key", SealKeyEntries.Retired("sealkey-ab12.1", "ab12", 1, Seen), "sealkey-ab12.1/1", "sealkey.retired", "sealkeys/ab12", null, null,
            true },
        { "a proof", GrantNotes.Proven(Noted)!, "grant-1/proven", "grant.proven", "grants/inc-4711", "breakglass-operator", "Proven", false },
        { "a deleted grant", GrantNotes.Deleted("grant-1", "inc-4711", Seen), "grant-1/deleted", "grant.deleted", "grants/inc-4711", null, null, true },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void An_object_has_its_entry(string what, JournalEntry entry, string id, string type, string subject, string? actor, string? reason, bool isSeen)
    {
        (entry.Id, entry.Type, entry.Subject, entry.Data.Actor, entry.Data.Reason).Should().Be((id, $"dev.breakglass.{type}", subject, actor, reason), what);
        (entry.Data.Seen ?? false).Should().Be(isSeen, what);
        (entry.Time == Seen).Should().Be(isSeen, what);
        entry.Position.Should().BeNull("it is not a transition");
        var read = JournalEntry.Read(entry.Bytes())!;
        read.Bytes().Should().Equal(entry.Bytes(), what);
    }

    [Fact]
    public void A_policy_is_described_by_its_roles_and_its_hash()
    {
        var policy = A.Policy(s => s with
        {
            Access =
            [
                A.Entry("many", "edit", [.. Enumerable.Range(0, 30).Select(i => $"ns{i}")]), A.ClusterWideEntry("all", "view"),
                A.SelectorEntry("some", "edit", A.Selector(("team", "payments"))),
            ],
        });
        var data = PolicyEntries.Of(policy, true, Seen).Data;
        data.Access.Should().Equal("many: ClusterRole/edit in ns0, ns1, ns2, ns3, ns4 and 25 more", "all: ClusterRole/view in the whole cluster",
            "some: ClusterRole/edit in namespaces with team=payments");
        data.Hash.Should().StartWith("sha256:").And.HaveLength(71);
        PolicyEntries.Of(policy with { Spec = policy.Spec with { Suspended = true } }, true, Seen).Data.Hash.Should().NotBe(data.Hash);
        PolicyEntries.Of(policy with { Status = new() { ActiveGrants = 3 } }, true, Seen).Data.Hash.Should().Be(data.Hash);
    }

    [Fact]
    public void A_lockdown_says_what_it_covers()
    {
        LockdownEntries.Engaged(A.Lockdown(), true, Seen).Data.Selector.Should().BeEmpty();
        LockdownEntries.Engaged(A.Lockdown(A.Selector("env", "In", "prod", "test")), true, Seen).Data.Selector.Should().Be("env in (prod,test)");
    }

    [Fact]
    public void What_a_status_notes_has_one_entry_each()
    {
        var entries = GrantNotes.Of(Noted, Seen).ToList();
        entries.Select(e => e.Type["dev.breakglass.".Length..]).Should().Equal(
            "grant.proven", "grant.narrowed", "persistence.refused", "persistence.refused", "persistence.allowed", "grant.residue");
        entries.Should().OnlyContain(e => e.IsOf("inc-4711"));
        entries.Select(e => e.Id).Should().OnlyHaveUniqueItems();
        entries.Select(e => Encoding.UTF8.GetString(e.Bytes())).Should().OnlyContain(text => !text.Contains("secret"));
    }

    [Fact]
    public void What_is_counted_is_one_entry_whatever_the_count()
    {
        var more = Noted with { Status = Noted.Status with { Residue = ["refused rbac: create roles.rbac.authorization.k8s.io, 13 more"] } };
        var ids = GrantNotes.Of(Noted, Seen).Select(e => e.Id).ToList();
        GrantNotes.Of(more, Seen.AddDays(1)).Select(e => e.Id).Should().BeSubsetOf(ids);
    }

    [Fact]
    public void A_note_has_the_same_id_whatever_else_changes()
    {
        var before = GrantNotes.Of(Noted, Seen).Select(e => e.Id).ToList();
        var later = Noted with { Status = Noted.Status with { Residue = [.. Noted.Status.Residue.Reverse(), "access elsewhere: x"] } };
        GrantNotes.Of(later, Seen.AddDays(1)).Select(e => e.Id).Should().Contain(before).And.HaveCount(before.Count + 1);
    }

    [Fact]
    public void Marks_say_which_entries_a_shortened_status_implies()
    {
        var marks = GrantNotes.ReadMarks(GrantNotes.MarksOf(Noted)).ToList();
        marks.Should().BeEquivalentTo(GrantNotes.Of(Noted, Seen).Skip(1).Select(e => EntryId.Fingerprint(e.Id)));
        GrantNotes.MarksOf(A.FinishedGrant(GrantPhase.Expired)).Should().BeEmpty();
        GrantNotes.ReadMarks("no mark at all, and longer than thirty-two characters").Should().BeEmpty();
    }

    [Theory]
    [InlineData("\u0001")]
    [InlineData("\ud83d\ude00")]
    [InlineData("\ud800")]
    [InlineData("\u202e\"\\")]
    public void A_text_of_any_length_and_kind_fits_into_an_entry(string part)
    {
        var text = string.Concat(Enumerable.Repeat(part, 10_000));
        var caller = A.Caller(text);
        var policy = A.Policy(s => s with { Access = [.. Enumerable.Repeat(A.Entry(text, text, text, text, text), 20)] });
        policy = policy with { Metadata = policy.Metadata with { Annotations = new Dictionary<string, string> { [BreakGlassApi.AuthorAnnotation] = text } } };
        var grant = Noted with
        {
            Spec = Noted.Spec with { Policy = text, Requester = caller, Justification = text, Ticket = text },
            Status = Noted.Status with
            {
                Residue = [.. Enumerable.Range(0, 400).Select(i => $"refused {i} {text}")],
                Bindings = [.. Enumerable.Range(0, 400).Select(i => new BindingRecord { Namespace = $"{i} {text}", Role = text, Problem = text })],
                Transitions = [new() { Actor = text, Reason = text }],
            },
        };
        var approval = A.Approval(grant, caller, text);
        var review = A.Review(grant, caller, text);
        var entries = new List<JournalEntry>
        {
            ApprovalEntries.Of(approval with { Spec = approval.Spec with { Comment = text } }, grant, true, Seen),
            ApprovalEntries.Of(review with { Spec = review.Spec with { Comment = text, FollowUp = text } }, grant, true, Seen),
            LockdownEntries.Engaged(A.Lockdown(A.Selector(text, text, text), text) with { Spec = new() { Reason = text, By = caller } }, true, Seen),
        };
        if (part != "\ud800") entries.Add(PolicyEntries.Of(policy, true, Seen));
        entries.AddRange(GrantNotes.Of(grant, Seen));
        entries.AddRange(GrantEntries.Of(grant, 0));
        entries.Count.Should().BeLessThan(600);
        foreach (var entry in entries) entry.Bytes().Length.Should().BeLessThan(EntryBundle.LargestEntry);
    }

    [Theory]
    [InlineData("u/0", "grants/a", 0)]
    [InlineData("u/12", "grants/a", 12)]
    [InlineData("u/012", "grants/a", null)]
    [InlineData("u/+1", "grants/a", null)]
    [InlineData("u/-1", "grants/a", null)]
    [InlineData("u/2147483647", "grants/a", null)]
    [InlineData("u/99999999999", "grants/a", null)]
    [InlineData("u/session/3", "grants/a", null)]
    [InlineData("u/residue/00000000000000000000000000000001", "grants/a", null)]
    [InlineData("u/proven", "grants/a", null)]
    [InlineData("u/", "grants/a", null)]
    [InlineData("/0", "grants/a", null)]
    [InlineData("", "grants/a", null)]
    [InlineData("u/0", "approvals/a", null)]
    [InlineData("sealkey-a.1/0", "sealkeys/a", null)]
    public void Only_the_id_of_a_grants_transition_has_a_position(string id, string subject, int? number) =>
        (new JournalEntry { Id = id, Type = "t", Source = "s", Subject = subject, Time = A.Start, Data = new() }.Position?.Number).Should().Be(number);

    private static BreakGlassPolicy Policy(long generation) => A.Policy() with
    {
        Metadata = A.Policy().Metadata with
        {
            Generation = generation, Annotations = new Dictionary<string, string> { [BreakGlassApi.AuthorAnnotation] = "dave" },
        },
    };
}
