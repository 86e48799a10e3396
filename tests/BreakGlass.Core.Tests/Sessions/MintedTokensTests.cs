using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Sessions;
using FluentAssertions;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Core.Tests.Sessions;

/// <summary>A grant's identity can act as another ServiceAccount by a token that it creates for it.</summary>
public sealed class MintedTokensTests
{
    private const string App = "system:serviceaccount:payments:app";
    private static readonly AuditEvent Request = Audit.Event("create", "serviceaccounts", "app", 201) with
    {
        Subresource = "token", IssuedCredentialId = "JTI=1", CredentialId = "JTI=0",
    };

    private static readonly AuditEvent Use = Audit.Event("list", "secrets", "") with { Username = App, CredentialId = "JTI=1" };

    [Fact]
    public void A_request_with_a_token_that_the_identity_created_belongs_to_its_grant()
    {
        Of(Use, Issued(Request)).Should().BeEquivalentTo(new { Audit.Grant, ByName = false, TokenOf = App });
        Of(Use with { CredentialId = "JTI=2" }, Issued(Request)).Should().BeNull("the ServiceAccount has other tokens");
        Of(Use with { CredentialId = "" }, Issued(Request)).Should().BeNull("older API servers do not say which");
        Of(Use with { Username = "mallory" }, Issued(Request)).Should().BeNull("an authenticator of somebody else's can write any ID");
        Of(Use, MintedTokens.None).Should().BeNull();
    }

    [Fact]
    public void Tokens_of_a_grant_that_is_gone_or_has_a_namesake_belong_to_nobody()
    {
        Attribution.Of(Use, A.Settings, _ => null, _ => [], Issued(Request)).Should().BeNull();
        var namesake = Audit.Grant with { Metadata = Audit.Grant.Metadata with { Uid = "another" } };
        Attribution.Of(Use, A.Settings, _ => namesake, _ => [], Issued(Request)).Should().BeNull();
    }

    [Fact]
    public void Only_a_request_that_created_a_token_says_whose_it_is()
    {
        IsIssued(Request).Should().BeTrue();
        IsIssued(Request with { Code = 403 }).Should().BeFalse();
        IsIssued(Request with { IssuedCredentialId = "" }).Should().BeFalse("the API server is older than 1.30");
        IsIssued(Request with { Subresource = "" }).Should().BeFalse();
        IsIssued(Request with { ApiGroup = "example.com" }).Should().BeFalse("an extension API server can write any annotation");
    }

    [Fact]
    public void A_grant_has_room_for_a_bounded_number_and_takes_none_of_anothers()
    {
        var tokens = Issued([.. Enumerable.Range(0, 80).Select(i => Request with { IssuedCredentialId = $"JTI={i}" })]);
        tokens.All.Should().HaveCount(MintedTokens.MostOfGrant);
        tokens.With(tokens.All).Should().BeSameAs(tokens);
        tokens.With([new("JTI=x", App, "other", "uid-2", A.Start, ByName: false)]).All.Should().HaveCount(MintedTokens.MostOfGrant + 1);
        tokens.Only(t => t.Grant == "other").All.Should().BeEmpty();
        tokens.Only(_ => true).Should().BeSameAs(tokens);
    }

    /// <summary>In the form of KEP-4193. TraceTests (Integration) has those of a real API server.</summary>
    [Fact]
    public void The_door_lets_in_the_requests_with_such_a_token_and_no_other_request_of_that_ServiceAccount()
    {
        var issuing = AuditReader.Read(Bytes(RequestJson.Replace("IDENTITY", Audit.Identity, StringComparison.Ordinal)), Audit.Door).Events.Single();
        issuing.Should().BeEquivalentTo(new
        {
            IssuedCredentialId = "JTI=7ee52be0-9045-4653-aa5e-0da57b8dccdc", CredentialId = "JTI=2b6a2e6c-0f3f-4ac8-8b3b-6b2c38e0f1aa",
            Username = Audit.Identity,
        });
        var door = new AuditDoor(A.Settings, [], Issued(issuing));
        string[] uses =
            [UseJson, UseJson.Replace("7ee52be0", "11111111", StringComparison.Ordinal), UseJson.Replace(":app", ":other", StringComparison.Ordinal)];
        var post = AuditReader.Read(Bytes(string.Join('\n', uses)), door);
        post.Events.Should().ContainSingle().Which.CredentialId.Should().Be("JTI=7ee52be0-9045-4653-aa5e-0da57b8dccdc");
        post.Foreign.Should().Be(2);
        AuditReader.Read(Bytes(UseJson), Audit.Door).Foreign.Should().Be(1, "no token is known");
    }

    [Fact]
    public void What_is_done_with_such_a_token_has_rows_of_its_own_and_is_no_activity_of_the_person()
    {
        var record = new SessionRecord("pod-a");
        record.Add(Audit.Event("list", "secrets", "", at: 10), byName: false);
        record.Add(Audit.Event("list", "secrets", "", at: 20), byName: false, App);
        record.Actions.Select(a => (a.TokenOf, a.Count)).Should().Equal(("", 1), (App, 1));
        record.Actions.Select(a => a.Id).Should().OnlyHaveUniqueItems();
        record.Totals.Should().BeEquivalentTo(new { Requests = 2, SecretsRead = 2, LastActivityAt = A.Start.AddSeconds(10) });
    }

    [Fact]
    public void Use_after_the_end_is_access_after_revocation() =>
        AfterEnd.IsAccess(Use with { ReceivedAt = A.Start.AddMinutes(40) }, new(A.FinishedGrant(GrantPhase.Expired), ByName: false) { TokenOf = App })
            .Should().BeTrue();

    [Fact]
    public void What_such_a_token_created_says_as_whom()
    {
        var row = new SessionAction
        {
            Verb = "create", Resource = "secrets", Namespace = "payments", Name = "it", TokenOf = App, Result = ActionResult.Allowed,
        };
        MadeObjects.Of(new(new(), [row], 0), A.Settings).Should().ContainSingle().Which.ToString().Should().Be($"secrets payments/it (create as {App})");
    }

    private const string RequestJson = """
        {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"5a6e9b50-7f3a-4e57-b4b5-0d2d2f6d1f11","stage":"ResponseComplete",
        "requestURI":"/api/v1/namespaces/payments/serviceaccounts/app/token?fieldManager=kubectl-create","verb":"create",
        "user":{"username":"IDENTITY","uid":"f0b6","groups":["system:serviceaccounts","system:authenticated"],
        "extra":{"authentication.kubernetes.io/credential-id":["JTI=2b6a2e6c-0f3f-4ac8-8b3b-6b2c38e0f1aa"]}},
        "sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.36.2","objectRef":{"resource":"serviceaccounts","namespace":"payments","name":"app","apiVersion":"v1",
        "subresource":"token"},"responseStatus":{"metadata":{},"code":201},
        "requestReceivedTimestamp":"2026-11-22T01:03:03.123456Z","stageTimestamp":"2026-11-22T01:03:03.130001Z",
        "annotations":{"authentication.kubernetes.io/issued-credential-id":"JTI=7ee52be0-9045-4653-aa5e-0da57b8dccdc",
        "authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"x/payments\""}}
        """;

    private const string UseJson = """
        {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"8c5e9b50-7f3a-4e57-b4b5-0d2d2f6d1f12","stage":"ResponseComplete",
        "requestURI":"/api/v1/namespaces/payments/secrets","verb":"list","user":{"username":"system:serviceaccount:payments:app","uid":"a1",
        "groups":["system:serviceaccounts"],"extra":{"authentication.kubernetes.io/credential-id":["JTI=7ee52be0-9045-4653-aa5e-0da57b8dccdc"]}},
        "sourceIPs":["127.0.0.1"],"userAgent":"curl/8","objectRef":{"resource":"secrets","namespace":"payments","apiVersion":"v1"},
        "responseStatus":{"metadata":{},"code":200},
        "requestReceivedTimestamp":"2026-11-22T01:03:04.123456Z","stageTimestamp":"2026-11-22T01:03:04.130001Z"}
        """;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static bool IsIssued(AuditEvent happened) => MintedTokens.IssuedBy(happened, new(Audit.Grant, ByName: false)) is not null;

    private static MintedTokens Issued(params AuditEvent[] requests) =>
        MintedTokens.None.With(requests.Select(r => MintedTokens.IssuedBy(r, new(Audit.Grant, ByName: false))).OfType<MintedToken>());

    private static Attributed? Of(AuditEvent happened, MintedTokens tokens) =>
        Attribution.Of(happened, A.Settings, name => name == Audit.Grant.Metadata.Name ? Audit.Grant : null, _ => [], tokens);
}
