using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Rules;

public sealed class AuthorityRulesTests
{
    private static readonly OfflineDesk Desk = AVoucher.Desk;

    public static TheoryData<string> Names => new(Mistakes.Keys);

    private static Dictionary<string, (Func<AuthoritySpec, AuthoritySpec> Change, string Says)> Mistakes { get; } = new()
    {
        ["no keys"] = (s => s with { Keys = [] }, "spec.keys"),
        ["a private key"] = (s => s with { Keys = [Desk.First.PublicKey with { D = "AQAB" }] }, "private key"),
        ["a point that is not on the curve"] = (s => s with { Keys = [Desk.First.PublicKey with { X = Desk.Third.PublicKey.X }] }, "spec.keys[0]"),
        ["another curve"] = (s => s with { Keys = [Desk.First.PublicKey with { Crv = "P-384" }] }, "spec.keys[0]"),
        ["two keys of one name"] = (s => s with { Keys = [Desk.First.PublicKey, Desk.Third.PublicKey with { Kid = "first" }] }, "appears twice"),
        ["one key with two names"] = (s => s with { Keys = [Desk.First.PublicKey, Desk.First.PublicKey with { Kid = "again" }] }, "same key"),
        ["more signers than keys"] = (s => s with { Required = 4 }, "spec.required"),
        ["less than one signer"] = (s => s with { Required = -1 }, "spec.required"),
        ["an empty id"] = (s => s with { Revoked = [""] }, "spec.revoked"),
        ["too many ids"] = (s => s with { Revoked = [.. Enumerable.Range(0, 501).Select(i => $"v-{i}")] }, "spec.revoked"),
        ["a courier of no kind"] = (s => s with { Couriers = [new() { Kind = "Robot", Name = "x" }] }, "spec.couriers[0].kind"),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void An_authority_with_a_mistake_is_refused_without_repeating_a_key(string name)
    {
        var (change, says) = Mistakes[name];
        var problems = AuthorityRules.Check(Desk.Authority(change));
        problems.Should().NotBeEmpty();
        string.Join(" ", problems).Should().Contain(says).And.NotContain(Desk.First.PublicKey.X);
        problems.Should().OnlyContain(p => p.Reason == "InvalidAuthority");
    }

    [Fact]
    public void A_good_authority_has_no_problem() =>
        AuthorityRules.Check(Desk.Authority(s => s with { Required = 2, Revoked = ["v-9"], Couriers = [A.ServiceAccount("safe", "courier")] }))
            .Should().BeEmpty();

    [Fact]
    public void Only_what_takes_away_needs_no_rights()
    {
        var old = Desk.Authority(s => s with { Revoked = ["v-1"], Couriers = [A.User("one"), A.User("two")] }).Spec;
        bool Restricts(Func<AuthoritySpec, AuthoritySpec> change) => AuthorityRules.OnlyRestricts(old, change(old));

        Restricts(s => s with { Suspended = true }).Should().BeTrue();
        Restricts(s => s with { Revoked = ["v-1", "v-2"] }).Should().BeTrue();
        Restricts(s => s with { Keys = [.. s.Keys.Skip(1)] }).Should().BeTrue();
        Restricts(s => s with { Keys = [.. s.Keys.Select(k => k with { NotAfter = A.Start })] }).Should().BeTrue();
        Restricts(s => s with { Required = 2 }).Should().BeTrue();
        Restricts(s => s with { Couriers = [A.User("two")] }).Should().BeTrue();

        Restricts(s => s with { Revoked = [] }).Should().BeFalse();
        Restricts(s => s with { Keys = [.. s.Keys, Desk.First.PublicKey with { Kid = "new" }] }).Should().BeFalse();
        Restricts(s => s with { Keys = [s.Keys[0] with { X = s.Keys[2].X, Y = s.Keys[2].Y }] }).Should().BeFalse();
        Restricts(s => s with { Required = 0 }).Should().BeTrue("it is at least 1");
        Restricts(s => s with { Couriers = [] }).Should().BeFalse("then everybody presents them");
        Restricts(s => s with { Couriers = [.. s.Couriers, A.User("three")] }).Should().BeFalse();
        AuthorityRules.OnlyRestricts(old with { Suspended = true }, old).Should().BeFalse();
        AuthorityRules.OnlyRestricts(
            old with { Keys = [old.Keys[0] with { NotAfter = A.Start }] }, old with { Keys = [old.Keys[0]] }).Should().BeFalse("the key would live longer");
    }
}
