using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sealing;

public class RecordSealTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);
    private static readonly SealKey Key = new("abc", Now, Enumerable.Repeat((byte)7, SealKey.SecretBytes).ToArray());
    private static readonly SealKeys Keys = new([Key]);

    private static readonly GrantStatus Record = new()
    {
        Phase = GrantPhase.Pending,
        ActivatedAt = Now,
        ExpiresAt = Now.AddMinutes(30),
        PolicyUid = "uid-policy",
        Credential = CredentialKind.ServiceAccountToken,
        Access = [new() { Name = "payments", RoleRef = new() { Kind = "ClusterRole", Name = "edit" }, Namespaces = ["payments"] }],
    };

    [Fact]
    public void The_operators_own_record_is_known_again_through_all_that_follows()
    {
        var grant = Sealed();
        RecordSeal.Verify(grant, Keys).Should().Be(SealState.Valid);
        RecordSeal.Verify(grant with { Status = grant.Status with { Phase = GrantPhase.Active, CredentialExpiresAt = Now,
            Bindings = [new() { Name = "b" }] } }, Keys).Should().Be(SealState.Valid);
    }

    public static TheoryData<string, Func<GrantStatus, GrantStatus>> Forgeries => new()
    {
        { "later end", s => s with { ExpiresAt = Now.AddHours(2) } },
        { "later begin", s => s with { ActivatedAt = Now.AddMinutes(10) } },
        { "other policy", s => s with { PolicyUid = "uid-other" } },
        { "other credential", s => s with { Credential = CredentialKind.BindRequester } },
        { "another path", s => s with { Path = SessionPath.Gateway } },
        { "another role", s => s with { Access = [s.Access[0] with { RoleRef = new() { Kind = "ClusterRole", Name = "cluster-admin" } }] } },
        { "another namespace", s => s with { Access = [s.Access[0] with { Namespaces = ["kube-system"] }] } },
        { "no seal's text", s => s with { RecordSeal = "v1.abc" } },
        { "an unknown key", s => s with { RecordSeal = s.RecordSeal!.Replace("abc", "def", StringComparison.Ordinal) } },
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void Whatever_is_changed_in_it_is_seen(string what, Func<GrantStatus, GrantStatus> forge)
    {
        var grant = Sealed();
        RecordSeal.Verify(grant with { Status = forge(grant.Status) }, Keys).Should().Be(SealState.Broken, what);
    }

    [Fact]
    public void A_record_of_another_grant_is_not_taken_over()
    {
        var grant = Sealed();
        RecordSeal.Verify(grant with { Metadata = grant.Metadata with { Uid = "uid-namesake" } }, Keys).Should().Be(SealState.Broken);
    }

    [Fact]
    public void None_is_none() => RecordSeal.Verify(Sealed() with { Status = Record }, Keys).Should().Be(SealState.Missing);

    private static BreakGlassGrant Sealed()
    {
        var grant = A.Grant();
        return grant with { Status = Record with { RecordSeal = RecordSeal.Make(grant.Metadata.Uid!, Record, Key) } };
    }
}
