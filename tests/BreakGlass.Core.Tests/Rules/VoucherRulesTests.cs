using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;
using BreakGlass.Core.Vouchers;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class VoucherRulesTests
{
    private static readonly OfflineDesk Desk = AVoucher.Desk;

    public static TheoryData<string> Names => new(Mistakes.Keys);

    /// <summary>All reasons for which a voucher is refused.</summary>
    internal static IEnumerable<string> Reasons => Mistakes.Values.Select(m => m.Reason).Distinct();

    /// <summary>By name: what is wrong, the reason of the denial, and a part of its sentence.</summary>
    private static Dictionary<string, (Func<Case, Case> Change, string Reason, string Says)> Mistakes { get; } = new()
    {
        ["the policy accepts none"] = (c => c.Policies(s => s with { Vouchers = null }), "VouchersNotAllowed", "does not accept vouchers"),
        ["no proof"] = (c => c.Asks(s => s with { VoucherProof = null }), "VoucherInvalid", "belong together"),
        ["a proof alone"] = (c => c.Asks(s => s with { Voucher = null }), "VoucherInvalid", "belong together"),
        ["no voucher at all in it"] = (c => c.Asks(s => s with { Voucher = "x.y.z" }), "VoucherInvalid", "spec.voucher"),
        ["a policy that names another authority"] =
            (c => c.Policies(s => s with { Vouchers = AVoucher.Terms with { Authority = "offline-2027" } }), "VoucherForAnother", "another authority"),
        ["another policy"] = (c => c.Issues(v => v with { Policy = "other" }), "VoucherForAnother", "another policy"),
        ["another cluster"] = (c => c.Issues(v => v with { Cluster = "ns-of-another" }), "VoucherForAnother", "another cluster"),
        ["no authority"] = (c => c with { Authority = null }, "AuthorityNotFound", "does not exist"),
        ["an authority that is being deleted"] = (c => c with
        {
            Authority = c.Authority! with { Metadata = c.Authority.Metadata with { DeletedAt = A.Start } },
        }, "AuthorityNotFound", "does not exist"),
        ["a suspended authority"] = (c => c.Has(s => s with { Suspended = true }), "AuthoritySuspended", "suspended"),
        ["an authority without a seal"] = (c => c with { Seal = SealState.Missing }, "AuthorityNotSealed", "author"),
        ["an authority with a broken seal"] = (c => c with { Seal = SealState.Broken }, "AuthorityNotSealed", "author"),
        ["an authority that is not valid"] = (c => c.Has(s => s with { Required = 9 }), "AuthorityNotReady", "spec.required"),
        ["a revoked voucher"] = (c => c.Has(s => s with { Revoked = ["v-0", "v-1"] }), "VoucherRevoked", "spec.revoked"),
        ["a signature less than required"] = (c => c.Has(s => s with { Required = 2 }), "VoucherNotSigned", "1 of the keys"),
        ["the same key twice under two names"] = (c => c.Has(
            s => s with { Required = 2, Keys = [Desk.First.PublicKey, Desk.First.PublicKey with { Kid = "again" }] }), "AuthorityNotReady", "same key"),
        ["a key of another authority"] = (c => c.Issues(v => v, Desk.Third).Has(s => s with { Keys = [Desk.First.PublicKey] }), "VoucherNotSigned", "0 of"),
        ["a key under the name of another"] = (c => c.Has(s => s with { Keys = [Desk.Third.PublicKey with { Kid = "first" }] }), "VoucherNotSigned", "0 of"),
        ["a key that has ended"] = (c => c.Has(s => s with { Keys = [Desk.First.PublicKey with { NotAfter = A.Start }] }), "VoucherNotSigned", "0 of"),
        ["before its time"] = (c => c.Issues(v => v with { NotBefore = A.Start.AddMinutes(3) }), "VoucherNotYetValid", "valid from"),
        ["issued in the future"] = (c => c.Issues(v => v with { IssuedAt = A.Start.AddMinutes(3) }), "VoucherNotYetValid", "valid from"),
        ["after its time"] = (c => c.Issues(v => v with { Expires = A.Start }), "VoucherExpired", "expired at"),
        ["older than the policy accepts"] = (c => c.Policies(s => s with { Vouchers = AVoucher.Terms with { MaxAge = "23h" } }), "VoucherExpired", "maxAge"),
        ["another person as requester"] =
            (c => c.Asks(s => s with { Requester = s.Requester! with { Username = "mallory" } }), "RequesterNotSealed", "person"),
        ["another voucher in the stamp"] = (c => c.Asks(s => s with
        {
            Requester = s.Requester! with { Extra = new Dictionary<string, IReadOnlyList<string>> { [BreakGlassApi.VoucherExtra] = ["v-2"] } },
        }), "RequesterNotSealed", "person"),
        ["a person who is not a holder"] =
            (c => c.Policies(s => s with { Vouchers = AVoucher.Terms with { Holders = [A.User("bob")] } }), "HolderNotAllowed", "bob"),
        ["a requester of the policy who is not a holder"] = (c => c.Policies(
            s => s with { Requesters = [A.User("alice")], Vouchers = AVoucher.Terms with { Holders = [A.User("bob")] } }), "HolderNotAllowed", "holders"),
        ["more access than the voucher gives"] = (c => c.Issues(v => v with { Access = ["other"] }), "VoucherForAnother", "other"),
        ["more namespaces than the voucher gives"] = (c => c.Issues(v => v with { Namespaces = ["payments"] }), "VoucherForAnother", "payments"),
        ["a longer time than the voucher gives"] =
            (c => c.Issues(v => v with { MaxDuration = TimeSpan.FromMinutes(10) }).Asks(s => s with { Duration = "11m" }), "DurationTooLong", "10m"),
        ["a longer time than the policy gives by voucher"] = (c => c.Asks(s => s with { Duration = "21m" }), "DurationTooLong", "20m"),
        ["no recipient key"] = (c => c.Asks(s => s with { RecipientKey = null }), "RecipientKeyInvalid", "holder's key"),
        ["somebody else's recipient key"] = (c => c.Asks(s => s with { RecipientKey = new()
        {
            Kty = "EC", Crv = "P-256", X = Desk.Third.PublicKey.X, Y = Desk.Third.PublicKey.Y,
        } }), "RecipientKeyInvalid", "holder's key"),
        ["the proof of another grant"] =
            (c => c.Asks(s => s with { VoucherProof = Desk.Prove(s.Voucher!, "inc-1", A.Start) }), "VoucherProofInvalid", "another name"),
        ["the proof of another voucher"] = (c => c.Asks(
            s => s with { VoucherProof = Desk.Prove(AVoucher.Issue(v => v with { Id = "v-2" }), "inc-4711", A.Start) }), "VoucherProofInvalid",
            "another voucher"),
        ["an old proof"] =
            (c => c.Asks(s => s with { VoucherProof = Desk.Prove(s.Voucher!, "inc-4711", A.Start.AddSeconds(-121)) }), "VoucherProofInvalid", "2m"),
        ["a proof from the future"] =
            (c => c.Asks(s => s with { VoucherProof = Desk.Prove(s.Voucher!, "inc-4711", A.Start.AddSeconds(121)) }), "VoucherProofInvalid", "2m"),
        ["a stranger who presents it"] = (c => c.Has(s => s with { Couriers = [A.User("other")] }), "CourierNotAllowed", "couriers"),
        ["a courier without a voucher"] = (c => c.Has(s => s with { Couriers = [A.User("courier")] }).Asks(s => s with
        {
            Voucher = null, VoucherProof = null, Requester = A.Caller("courier"),
        }) with { Presenter = A.Caller("courier") }, "VoucherRequired", "a courier can create only"),
        ["a voucher that was used"] = (c => c with
        {
            Authority = c.Authority! with { Status = new() { Used = [new() { Id = "v-1", Grant = "inc-1", GrantUid = "grant-0", At = A.Start }] } },
        }, "VoucherUsed", "inc-1"),
        ["a voucher that another grant has the access of"] = (c => c with { UsedBy = "inc-1" }, "VoucherUsed", "inc-1"),
        ["an authority that is full"] = (c => c with
        {
            Authority = c.Authority! with { Status = new() { Used = [.. Enumerable.Range(0, 1000).Select(i => new VoucherUse { Id = $"u-{i}" })] } },
        }, "TooManyUses", "as many uses"),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_voucher_is_refused_with_a_reason_and_a_sentence(string name)
    {
        var (change, reason, says) = Mistakes[name];

        var denial = change(new()).Judge().Denial;

        denial.Should().NotBeNull();
        denial!.Reason.Should().Be(reason, denial.ToString());
        denial.ToString().Should().Contain(says).And.NotContain(AVoucher.Grant().Spec.Voucher);
    }

    [Fact]
    public void A_good_voucher_gives_what_the_policy_gives_for_the_shortest_of_the_three_times()
    {
        var it = new Case();
        it.Judge().Denial.Should().BeNull();
        it.Judge().Duration.Should().Be(TimeSpan.FromMinutes(20), "the policy's vouchers.maxDuration is the shortest");
        it.Issues(v => v with { MaxDuration = TimeSpan.FromMinutes(5) }).Judge().Duration.Should().Be(TimeSpan.FromMinutes(5));
        it.Policies(s => s with { Duration = new() { Default = "2m", Max = "1h" } }).Judge().Duration.Should().Be(TimeSpan.FromMinutes(2));
        it.Asks(s => s with { Duration = "3m" }).Judge().Duration.Should().Be(TimeSpan.FromMinutes(3));
    }

    [Fact]
    public void Nobody_logged_in_so_requesters_and_claims_are_not_asked_for() =>
        new Case().Policies(s => s with { Requesters = [A.Group("nobody")], RequireClaims = [new() { Key = "amr", Values = ["mfa"] }] })
            .Judge().Denial.Should().BeNull();

    [Fact]
    public void All_other_rules_of_the_policy_hold() =>
        new Case().Policies(s => s with { Justification = new() { TicketPattern = "^CHG-" } }).Judge().Denial!.Reason.Should().Be("TicketMismatch");

    [Fact]
    public void Two_of_three_keys_sign_where_two_are_required()
    {
        var it = new Case().Has(s => s with { Required = 2 }).Issues(v => v, Desk.First, Desk.Second);
        it.Judge().Denial.Should().BeNull();
        it.Has(s => s with { Keys = [Desk.First.PublicKey, Desk.Third.PublicKey] }).Judge().Denial!.Reason.Should().Be("VoucherNotSigned");
    }

    [Fact]
    public void The_use_by_the_grant_itself_does_not_speak_against_it() => (new Case() with
    {
        Authority = Desk.Authority() with { Status = new() { Used = [new() { Id = "v-1", Grant = "inc-4711", GrantUid = "grant-1", At = A.Start }] } },
    }).Judge().Denial.Should().BeNull();

    [Fact]
    public void A_courier_is_known_by_name_or_at_admission_by_group()
    {
        var byName = new Case().Has(s => s with { Couriers = [A.User("courier")] });
        byName.Judge().Denial.Should().BeNull();
        var byGroup = new Case().Has(s => s with { Couriers = [A.Group("couriers")] });
        byGroup.Judge().Denial.Should().BeNull("groups are not known any more");
        (byGroup with { Presenter = A.Caller("courier", "couriers") }).Judge().Denial.Should().BeNull();
        (byGroup with { Presenter = A.Caller("courier", "dev") }).Judge().Denial!.Reason.Should().Be("CourierNotAllowed");
    }

    [Fact]
    public void A_courier_without_a_voucher_is_told_that_one_is_needed()
    {
        var it = new Case().Has(s => s with { Couriers = [A.User("courier")] }).Asks(
            s => s with { Voucher = null, VoucherProof = null, RecipientKey = null, Requester = A.Caller("courier") });
        (it with { Presenter = A.Caller("courier") }).Judge().Denial!.Reason.Should().Be("VoucherRequired");
        (it.Policies(s => s with { Requesters = [A.User("courier")] }) with { Presenter = A.Caller("courier") }).Judge().Denial.Should().BeNull();
    }

    [Fact]
    public void Clocks_that_differ_deny_no_voucher_at_its_end()
    {
        var it = new Case().Issues(v => v with { Expires = A.Start });
        it.Judge().Denial!.Reason.Should().Be("VoucherExpired");
        (it with { Tolerance = TimeSpan.FromSeconds(30) }).Judge().Denial.Should().BeNull();
    }

    [Fact]
    public void A_voucher_without_its_authority_gives_nothing() =>
        GrantRules.Judge(AVoucher.Grant(), AVoucher.Policy(), AView.Usual(), A.Settings, SealState.Valid, SealState.Valid).Denial.Should().NotBeNull();

    private sealed record Case
    {
        public BreakGlassGrant Grant { get; init; } = AVoucher.Grant();

        public BreakGlassPolicy Policy { get; init; } = AVoucher.Policy();

        public BreakGlassAuthority? Authority { get; init; } = Desk.Authority();

        public SealState Seal { get; init; } = SealState.Valid;

        public Caller? Presenter { get; init; }

        public string? UsedBy { get; init; }

        public TimeSpan Tolerance { get; init; }

        public Case Asks(Func<GrantSpec, GrantSpec> change) => this with { Grant = Grant with { Spec = change(Grant.Spec) } };

        public Case Policies(Func<PolicySpec, PolicySpec> change) => this with { Policy = Policy with { Spec = change(Policy.Spec) } };

        public Case Has(Func<AuthoritySpec, AuthoritySpec> change) => this with { Authority = Authority! with { Spec = change(Authority.Spec) } };

        public Case Issues(Func<Voucher, Voucher> change, params VoucherKey[] by) => this with { Grant = AVoucher.Grant(voucher: AVoucher.Issue(change, by)) };

        public Verdict Judge() => GrantRules.Judge(Grant, Policy, AView.Usual(), A.Settings, SealState.Valid, SealState.Valid, new()
        {
            Authority = Authority, Seal = Seal, Now = A.Start, RequestedAt = A.Start, Presenter = Presenter, UsedBy = UsedBy, Tolerance = Tolerance,
        });
    }
}
