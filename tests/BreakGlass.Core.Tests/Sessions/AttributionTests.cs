using BreakGlass.Core.Api;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

public sealed class AttributionTests
{
    [Fact]
    public void An_identity_belongs_to_the_grant_whose_name_and_UID_it_is_made_of()
    {
        Of(Audit.Event(), Audit.Grant)!.ByName.Should().BeFalse();
        Of(Audit.Event(), Audit.Grant with { Metadata = Audit.Grant.Metadata with { Uid = "another" } }).Should().BeNull("it is a namesake");
        Of(Audit.Event(), Audit.Grant with { Status = Audit.Grant.Status with { ServiceAccount = "breakglass-grants/other" } }).Should().BeNull();
        Of(Audit.Event() with { Username = "system:serviceaccount:breakglass-grants:default" }, Audit.Grant).Should().BeNull();
        Of(Audit.Event()).Should().BeNull("the grant is gone");
    }

    [Fact]
    public void A_requester_who_is_bound_by_name_used_the_grant_that_was_active_then()
    {
        var (first, second) = (ByName("a", 0, 30), ByName("b", 10, 20));
        Of(As(5), first, second)!.Should().BeEquivalentTo(new { Grant = first, ByName = true });
        Of(As(15), first, second)!.Grant.Metadata.Name.Should().Be("b", "it was the last to become active");
        Of(As(25), first, second)!.Grant.Metadata.Name.Should().Be("a");
        Of(As(31), first, second).Should().BeNull("what she does afterwards is hers");
        Of(As(-1), first, second).Should().BeNull();
        Of(As(5), Audit.Grant).Should().BeNull("that grant has an identity of its own");
    }

    [Theory]
    [InlineData(6, 200, "", true)]
    [InlineData(4, 200, "", false)]
    [InlineData(6, 403, "", false)]
    [InlineData(6, 401, "", false)]
    [InlineData(6, 200, "RBAC: allowed by RoleBinding \"x/payments\" of ClusterRole \"edit\" to ServiceAccount \"y/breakglass-grants\"", true)]
    [InlineData(6, 200, "RBAC: allowed by ClusterRoleBinding \"x\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\"", false)]
    public void Success_after_the_end_is_access_unless_everybody_has_it(int secondsAfter, int code, string reason, bool isAccess) =>
        IsAccess(Audit.Event(code: code, at: (30 * 60) + secondsAfter) with { Reason = reason }).Should().Be(isAccess);

    [Fact]
    public void Without_a_reason_discovery_and_questions_about_oneself_are_no_access()
    {
        var after = Audit.Event("get", "", "", at: 3600);
        IsAccess(after with { RequestUri = "/apis?timeout=32s" }).Should().BeFalse();
        IsAccess(after with { RequestUri = "/apiserver-secrets" }).Should().BeTrue();
        IsAccess(Audit.Event("create", "selfsubjectaccessreviews", "", 201, 3600) with { ApiGroup = "authorization.k8s.io" }).Should().BeFalse();
        IsAccess(after with { RequestUri = "/apis", ImpersonatedUser = "carol" }).Should().BeTrue("acting as somebody needs a right");
    }

    private static bool IsAccess(AuditEvent happened) => AfterEnd.IsAccess(happened, new(A.FinishedGrant(GrantPhase.Expired), ByName: false));

    private static AuditEvent As(int minute) => Audit.Event(at: minute * 60) with { Username = "alice" };

    private static BreakGlassGrant ByName(string name, int from, int to) => A.Grant(name: name, uid: name) with
    {
        Status = new() { Credential = CredentialKind.BindRequester, ActivatedAt = A.Start.AddMinutes(from), ExpiresAt = A.Start.AddMinutes(to) },
    };

    private static Attributed? Of(AuditEvent happened, params BreakGlassGrant[] grants) => Attribution.Of(happened, A.Settings,
        name => grants.FirstOrDefault(g => g.Metadata.Name == name), user => grants.Where(g => Attribution.NameOf(g) == user));
}
