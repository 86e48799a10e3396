using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class GrantRulesTests
{
    private static readonly JsonWebKey GoodKey =
        new() { Kty = "EC", Crv = "P-256", X = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", Y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" };

    /// <summary>Everything that a grant is denied for: reason, field, and words that tell the requester what to do.</summary>
    private static readonly Dictionary<string, Case> Denied = new()
    {
        ["a name that fits no label"] = new("NameTooLong", "metadata.name", "shorter") { Grant = A.Grant(name: new string('g', 64)) },
        ["nobody vouches for the requester"] = new("RequesterNotSealed", "spec.requester", "--trust-requester", "webhook")
            { Seal = SealState.Missing, PolicySeal = SealState.Missing },
        ["no requester"] = new("RequesterMissing", "spec.requester.username", "names you") { Grant = A.Grant(s => s with { Requester = null }) },
        ["a requester without a name"] = new("RequesterMissing", "spec.requester.username")
            { Grant = A.Grant(s => s with { Requester = A.Caller("", "payments-oncall") }) },
        ["no such policy"] = new("PolicyNotFound", "spec.policy", "'payments-oncall'", "kubectl get bgp") { Policy = null },
        ["a policy that goes"] = new("PolicyDeleted", "spec.policy", "use another one") { Policy = Deleted(A.Policy()) },
        ["a policy that is suspended"] = new("PolicySuspended", "spec.policy", "ask its owners") { Policy = A.Policy(s => s with { Suspended = true }) },
        ["a policy with a mistake"] = new("PolicyNotReady", "spec.policy", "spec.duration.max",
            "kubectl describe bgp payments-oncall") { Policy = A.Policy(s => s with { Duration = new() { Max = "13h" } }) },
        ["a policy that asks for what cannot be enforced"] = new("PolicyNotReady", "spec.policy", "so it cannot enforce an idle timeout")
            { Policy = A.Policy(s => s with { IdleTimeout = "10m" }) },
        ["a policy through a gateway that is not there"] = new("NoGateway", "spec.policy", "only through the gateway", "use another policy")
            { Policy = A.Policy(s => s with { Session = new() { Path = SessionPath.Gateway } }) },
        ["a recording that has no place"] = new("PolicyNotReady", "spec.policy", "spec.session.record", "recordings are stored in the journal")
        {
            Policy = A.Policy(s => s with { Session = new() { Path = SessionPath.Gateway, Record = RecordingMode.Streams } }),
            Settings = A.Settings with { HasGateway = true },
        },
        ["a seal that does not fit"] = new("SealBroken", "spec.requester", "Create a new grant with another name",
            "tell the platform team") { Seal = SealState.Broken, PolicySeal = SealState.Missing },
        ["a policy that nobody vouches for"] = new("PolicyNotSealed", "spec.policy", "Ask its owners to apply it again") { PolicySeal = SealState.Missing },
        ["a policy whose seal does not fit"] = new("PolicyNotSealed", "spec.policy", "without this operator's admission webhook")
            { PolicySeal = SealState.Broken },
        ["a role that grew under a policy that suspends itself then"] = new("RoleChanged", "spec.policy", "rules of payments", "apply it again")
            { Policy = Pinned("sha256:other") },
        ["no second factor"] = new("ClaimMissing", "spec.requester.extra", "'example.com/amr'", "one of mfa, hwk", "second factor") { Policy = Claims },
        ["another second factor"] = new("ClaimMissing", "spec.requester.extra", "'example.com/amr'") { Policy = Claims, Grant = SignedIn("sms") },
        ["somebody else"] = new("RequesterNotAllowed", "spec.requester", "'mallory'",
            "Group payments-oncall") { Grant = A.Grant(s => s with { Requester = A.Caller("mallory", "dev") }) },
        ["no reason given"] = new("JustificationTooShort", "spec.justification", "must not be empty",
            "reviewers will read it") { Grant = A.Grant(s => s with { Justification = " \n\t " }) },
        ["too short a reason"] = new("JustificationTooShort", "spec.justification", "has 5 visible characters",
            "requires 20") { Grant = A.Grant(s => s with { Justification = "  fixit   " }), Policy = Asks(20, null) },
        ["a megabyte of reason"] = new("JustificationTooLong", "spec.justification", "1048576", "at most 4096",
            "into the ticket") { Grant = A.Grant(s => s with { Justification = new string('x', 1 << 20) }) },
        ["no ticket"] = new("TicketMissing", "spec.ticket", "^INC-[0-9]+$")
            { Grant = A.Grant(s => s with { Ticket = null }), Policy = Asks(0, "^INC-[0-9]+$") },
        ["an empty ticket"] = new("TicketMissing", "spec.ticket") { Grant = A.Grant(s => s with { Ticket = "" }), Policy = Asks(0, ".*") },
        ["another ticket"] = new("TicketMismatch", "spec.ticket", "'CHG-1'",
            "^INC-[0-9]+$") { Grant = A.Grant(s => s with { Ticket = "CHG-1" }), Policy = Asks(0, "^INC-[0-9]+$") },
        ["a duration in words"] = new("DurationInvalid", "spec.duration", "'half an hour'", "30m") { Grant = Lasts("half an hour") },
        ["a duration of nothing"] = new("DurationInvalid", "spec.duration", "more than zero") { Grant = Lasts("0s") },
        ["longer than the policy's max"] = new("DurationTooLong", "spec.duration", "1h1s", "max, 1h") { Grant = Lasts("1h1s") },
        ["an entry that the policy lacks"] = new("AccessUnknown", "spec.access", "'billing'", "it has payments")
            { Grant = A.Grant(s => s with { Access = ["payments", "billing"] }) },
        ["a start time"] = new("StartTimeNotAllowed", "spec.startTime", "TimeBoxed", "remove it") { Grant = A.Grant(s => s with { StartTime = A.Start }) },
        ["a key that nothing is encrypted to"] = new("RecipientKeyNotUsed", "spec.recipientKey", "remove it") { Grant = A
            .Grant(s => s with { RecipientKey = GoodKey }), Policy = A.Policy(s => s with { Credential = CredentialKind.BindRequester }) },
        ["a key that is none"] = new("RecipientKeyInvalid",
            "spec.recipientKey") { Grant = A.Grant(s => s with { RecipientKey = new() { Kty = "EC", Crv = "P-256", X = "AA", Y = "AA" } }) },
        ["no such ClusterRole"] = new("RoleNotFound", "spec.policy", "ClusterRole 'edits'", "tell the policy's owners")
            { Policy = Gives(A.Entry("payments", "edits", "payments")) },
        ["no such Role"] = new("RoleNotFound", "spec.policy", "Role 'reader' in namespace 'payments'")
            { Policy = Gives(A.RoleEntry("payments", "reader", "payments")) },
        ["a namespace out of reach"] = new("NamespaceNotReached", "spec.namespaces", "does not reach shop",
            "kubectl get bgp payments-oncall") { Grant = A.Grant(s => s with { Namespaces = ["payments", "shop"] }) },
        ["a protected namespace"] = new("NamespaceNotReached", "spec.namespaces", "breakglass-grants") { Grant = A
            .Grant(s => s with { Namespaces = ["breakglass-grants"] }), Policy = Gives(A.SelectorEntry("all", "edit", new())) },
        ["a namespace of a cluster-wide entry"] = new("NamespaceNotReached", "spec.namespaces",
            "shop") { Grant = A.Grant(s => s with { Namespaces = ["shop"] }), Policy = Gives(A.ClusterWideEntry("all", "view")) },
        ["too many places"] = new("TooManyNamespaces", "spec.namespaces", "1001 places", "at most 1000") { Policy = Gives(A.SelectorEntry(
            "many", "edit", A.Selector(("many", "yes")))), More = [.. Enumerable.Range(0, 1001).Select(i => A.Namespace($"n{i}", ("many", "yes")))] },
        ["nothing that exists"] = new("NothingSelected", "spec.policy",
            "kubectl get ns --show-labels") { Policy = Gives(A.SelectorEntry("none", "edit", A.Selector(("team", "nobody")))) },
    };

    public static TheoryData<string> DeniedCases => [.. Denied.Keys];

    [Theory]
    [MemberData(nameof(DeniedCases))]
    public void A_denial_names_reason_field_and_what_to_do(string what)
    {
        var it = Denied[what];
        var verdict = it.Judge();
        verdict.Denial.Should().NotBeNull();
        verdict.Denial!.Reason.Should().Be(it.Reason);
        verdict.Denial.Field.Should().Be(it.Field);
        foreach (var word in it.Words) verdict.Denial.Message.Should().Contain(word);
        verdict.Targets.Should().BeEmpty("nothing is given to what is denied");
        verdict.Access.Should().BeEmpty();
    }

    /// <summary>What the life of a grant denies it for, beside its policy's word; each has a test with those of that life.</summary>
    private static readonly string[] DeniedLater =
        ["Lockdown", "ReviewPending", "StartTimeTooFar", "OutsideWindow", "WindowMissed", "TooManyPending", "DeniedByApprover", "ApprovalTimeout", "TooLate",
        "LimitReached", "CoolingDown", "JournalUnavailable", "NotADrill", "DrillsForbidden"];

    [Fact]
    public void Every_reason_has_its_counter_and_every_counter_its_reason() =>
        DenialReasons.All.Should().BeEquivalentTo(
            Denied.Values.Select(d => d.Judge().Denial!.Reason).Union(VoucherRulesTests.Reasons).Concat(DeniedLater)).And.OnlyHaveUniqueItems();

    [Theory]
    [MemberData(nameof(DeniedCases))]
    public void What_is_denied_later_is_refused_at_once_where_the_request_shows_it(string what)
    {
        var it = Denied[what];
        var problem = GrantRules.AtAdmission(it.Grant, it.Policy, it.PolicySeal, it.Settings, AView.Usual(it.More));
        if (it.Reason is "RequesterNotSealed" or "SealBroken") problem!.Reason.Should().Be("PolicyNotSealed", "a grant has its seal only after it");
        else problem!.Reason.Should().Be(it.Reason);
    }

    [Fact]
    public void Without_a_view_of_the_cluster_admission_leaves_roles_and_namespaces_to_the_reconciler()
    {
        var policy = Gives(A.Entry("payments", "no-such-role", "no-such-namespace"));
        GrantRules.AtAdmission(A.Grant(), policy, SealState.Valid, new()).Should().BeNull();
        GrantRules.AtAdmission(A.Grant(s => s with { Duration = "5h" }), policy, SealState.Valid, new())!.Reason.Should().Be("DurationTooLong");
        GrantRules.AtAdmission(A.Grant(), policy, SealState.Valid, new(), AView.Usual())!.Reason.Should().Be("RoleNotFound");
    }

    [Fact]
    public void A_sealed_grant_of_a_sealed_policy_is_given_and_a_claim_holds_with_one_of_its_values()
    {
        new Case("", "").Judge().Denial.Should().BeNull();
        new Case("", "") { Policy = Claims, Grant = SignedIn("pwd", "hwk") }.Judge().Denial.Should().BeNull();
    }

    [Fact]
    public void Only_a_policy_that_suspends_itself_minds_that_a_role_grew_and_only_until_its_author_wrote_it_again()
    {
        new Case("", "") { Policy = Pinned("sha256:other", RolePinning.Warn) }.Judge().Denial.Should().BeNull();
        new Case("", "") { Policy = Pinned(RoleRisk.Hash([A.Rule("apps", "deployments", "get", "update")])) }.Judge().Denial.Should().BeNull();
        var again = Pinned("sha256:other");
        new Case("", "") { Policy = again with { Metadata = again.Metadata with { Generation = 2 } } }.Judge().Denial
            .Should().BeNull("the pins are renewed with that");
    }

    [Fact]
    public void What_the_policy_allows_is_given()
    {
        var verdict = new Case("", "").Judge();
        verdict.Denial.Should().BeNull();
        verdict.Duration.Should().Be(TimeSpan.FromMinutes(30), "that is the policy's default");
        verdict.Targets.Should().Equal(new Target("payments", new() { Kind = "ClusterRole", Name = "edit" }, "payments") { NamespaceUid = "ns-payments" });
    }

    [Theory]
    [InlineData("1h")]
    [InlineData("60m")]
    [InlineData("1ms")]
    public void A_duration_up_to_max_is_given(string duration) => new Case("", "") { Grant = Lasts(duration) }.Judge().Denial.Should().BeNull();

    [Fact]
    public void A_name_of_63_characters_a_justification_of_4096_and_a_matching_ticket_are_fine()
    {
        new Case("", "") { Grant = A.Grant(s => s with { Justification = new string('x', 4096) }, name: new string('g', 63)), Policy = Asks(
            1024, "^INC-[0-9]+$") }.Judge().Denial.Should().BeNull();
        new Case("", "") { Grant = A.Grant(s => s with { RecipientKey = GoodKey }) }.Judge().Denial.Should().BeNull();
    }

    [Fact]
    public void A_role_that_is_missing_where_the_grant_does_not_ask_for_it_does_not_matter()
    {
        var policy = Gives(A.RoleEntry("reader", "reader", "payments", "shop", "not-there"), A.Entry("gone", "no-such-role", "payments"));
        var role = A.Role("shop", "reader", A.Rule("", "pods", "get"));
        new Case("", "") { Policy = policy, More = [role], Grant = A.Grant(s => s with { Access = ["reader"], Namespaces = ["shop"] }) }.Judge()
            .Targets.Should().ContainSingle().Which.Namespace.Should().Be("shop");
    }

    [Fact]
    public void The_ticket_pattern_of_an_attacker_does_not_hold_up_the_operator()
    {
        var verdict = new Case("", "") { Policy = Asks(0, "^(a+)+$"), Grant = A.Grant(s => s with { Ticket = new string('a', 256) + "!" }) }.Judge();
        verdict.Denial!.Reason.Should().Be("TicketMismatch");
    }

    private static BreakGlassPolicy Claims => A.Policy(s => s with { RequireClaims = [new() { Key = "example.com/amr", Values = ["mfa", "hwk"] }] });

    private static BreakGlassGrant SignedIn(params string[] amr) =>
        A.Grant(s => s with { Requester = s.Requester! with { Extra = new Dictionary<string, IReadOnlyList<string>> { ["example.com/amr"] = amr } } });

    private static BreakGlassPolicy Pinned(string hash, RolePinning pinning = RolePinning.Suspend) =>
        A.Policy(s => s with { RolePinning = pinning }) with { Status =
            new() { PinnedGeneration = 1, Roles = [new() { Name = "payments", Hash = hash, PinnedHash = hash }] } };

    private static BreakGlassPolicy Deleted(BreakGlassPolicy policy) => policy with { Metadata = policy.Metadata with { DeletedAt = A.Start } };

    private static BreakGlassPolicy Asks(int minLength, string? pattern) =>
        A.Policy(s => s with { Justification = new() { MinLength = minLength, TicketPattern = pattern } });

    private static BreakGlassPolicy Gives(params AccessEntry[] access) => A.Policy(s => s with { Access = access });

    private static BreakGlassGrant Lasts(string duration) => A.Grant(s => s with { Duration = duration });

    private sealed record Case(string Reason, string Field, params string[] Words)
    {
        public BreakGlassGrant Grant { get; init; } = A.Grant();

        public BreakGlassPolicy? Policy { get; init; } = A.Policy();

        public CoreSettings Settings { get; init; } = A.Settings;

        public SealState Seal { get; init; } = SealState.Valid;

        public SealState PolicySeal { get; init; } = SealState.Valid;

        public IKubernetesObject<V1ObjectMeta>[] More { get; init; } = [];

        public Verdict Judge() => GrantRules.Judge(Grant, Policy, AView.Usual(More), Settings, Seal, PolicySeal);
    }
}
