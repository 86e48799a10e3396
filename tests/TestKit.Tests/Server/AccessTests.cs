using FluentAssertions;
using k8s.Models;
using Xunit;

namespace TestKit.Tests.Server;

public sealed class AccessTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly Api _admin;

    public AccessTests()
    {
        _server = new(_clock);
        _admin = new(_server);
        _server.CreateNamespace("payments");
        _server.CreateNamespace("grants");
    }

    public void Dispose() => _admin.Dispose();

    [Fact]
    public async Task A_user_without_a_role_is_refused_in_the_servers_words()
    {
        using var alice = new Api(_server, new FakeUser("alice", "oncall"));

        var list = await alice.Get("api/v1/namespaces/payments/secrets");
        var grant = await alice.Get($"{Api.Grants}/g");

        (list.Code, list.Reason).Should().Be((403, "Forbidden"));
        list.Message.Should().Be("secrets is forbidden: User \"alice\" cannot list resource \"secrets\" in API group \"\" in the namespace \"payments\"");
        grant.Message.Should().Be("breakglassgrants.breakglass.dev \"g\" is forbidden: User \"alice\" cannot get resource \"breakglassgrants\" in API group "
            + "\"breakglass.dev\" at the cluster scope");
        (await alice.Get("version")).Code.Should().Be(200);
    }

    [Fact]
    public async Task A_review_names_the_binding_that_allows_and_the_role_that_is_missing()
    {
        Bind("oncall", "edit", new Rbacv1Subject { Kind = "ServiceAccount", Name = "g", NamespaceProperty = "grants" });

        var allowed = await Review("system:serviceaccount:grants:g", "create", "pods", "exec");
        var denied = await Review("system:serviceaccount:grants:g", "create", "roles", "");
        Bind("broken", "gone", new Rbacv1Subject { Kind = "User", ApiGroup = V1Role.KubeGroup, Name = "bob" });
        var missing = await Review("bob", "get", "pods", "");

        allowed.Should().Be((true, "RBAC: allowed by RoleBinding \"oncall/payments\" of ClusterRole \"edit\" to ServiceAccount \"g/grants\""));
        denied.Should().Be((false, ""));
        missing.Should().Be((false, "RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found"));
    }

    [Fact]
    public async Task Only_who_holds_a_role_or_may_bind_it_can_hand_it_out()
    {
        _server.Put(new V1ClusterRole
        {
            Metadata = new() { Name = "operator" },
            Rules =
            [
                new() { Verbs = ["create"], ApiGroups = [V1Role.KubeGroup], Resources = ["rolebindings"] },
                new() { Verbs = ["bind"], ApiGroups = [V1Role.KubeGroup], Resources = ["clusterroles"], ResourceNames = ["edit"] },
            ],
        });
        _server.Put(new V1ClusterRoleBinding
        {
            Metadata = new() { Name = "operator" },
            RoleRef = new() { Kind = "ClusterRole", Name = "operator" },
            Subjects = [new() { Kind = "ServiceAccount", Name = "op", NamespaceProperty = "default" }],
        });
        using var op = new Api(_server, FakeUser.ServiceAccount("default", "op"));

        var allowed = await op.Post(Api.RoleBindings, BindingBody("a", "edit"));
        var refused = await op.Post(Api.RoleBindings, BindingBody("b", "admin"));

        allowed.Code.Should().Be(201);
        (refused.Code, refused.Reason).Should().Be((403, "Forbidden"));
        refused.Message.Should().Contain("is attempting to grant RBAC permissions not currently held:").And.Contain("rolebindings");
    }

    [Fact]
    public async Task A_token_lives_as_long_as_its_account_its_secret_and_its_expiry()
    {
        var secret = await MakeAccountAndSecret();
        var answer = await TokenRequest(
            $$$$"""{"spec":{"expirationSeconds":600,"boundObjectRef":{"apiVersion":"v1","kind":"Secret","name":"g","uid":"{{{{secret.Uid}}}}"}}}""");
        var token = answer.Body["status"]!["token"]!.GetValue<string>();

        answer.Code.Should().Be(201);
        token.Split('.').Should().HaveCount(3);
        (await Authenticated(token)).Should().BeTrue();
        _clock.Advance(TimeSpan.FromSeconds(599));
        (await Authenticated(token)).Should().BeTrue();
        _clock.Advance(TimeSpan.FromSeconds(2));
        (await Authenticated(token)).Should().BeFalse("it has expired");

        var second = (await TokenRequest(
            $$$$"""{"spec":{"boundObjectRef":{"kind":"Secret","name":"g","uid":"{{{{secret.Uid}}}}"}}}""")).Body["status"]!["token"]!.GetValue<string>();
        (await Authenticated(second)).Should().BeTrue();
        _server.Delete<V1Secret>("g", "grants");
        (await Authenticated(second)).Should().BeFalse("its Secret is gone");
    }

    [Fact]
    public async Task A_token_request_is_refused_as_the_real_server_does()
    {
        await MakeAccountAndSecret();

        var brief = await TokenRequest("""{"spec":{"expirationSeconds":599}}""");
        var foreign = await TokenRequest("""{"spec":{"boundObjectRef":{"kind":"Secret","name":"g","uid":"another"}}}""");
        var unbound = await TokenRequest("""{"spec":{"boundObjectRef":{"kind":"Secret","name":"none"}}}""");
        var nobody = await _admin.Post("api/v1/namespaces/grants/serviceaccounts/none/token", "{}");

        (brief.Code, brief.Message).Should().Be((422, "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 599: "
            + "may not specify a duration less than 10 minutes"));
        (foreign.Code, foreign.Reason, unbound.Code, nobody.Code).Should().Be((409, "Conflict", 404, 404));
    }

    [Fact]
    public async Task A_bearer_token_is_its_account_and_a_dead_one_is_nobody()
    {
        await MakeAccountAndSecret();
        Bind("oncall", "view", new Rbacv1Subject { Kind = "ServiceAccount", Name = "g", NamespaceProperty = "grants" });
        var token = (await TokenRequest("{}")).Body["status"]!["token"]!.GetValue<string>();
        using var sre = new Api(_server) { Token = token };

        (await sre.Get("api/v1/namespaces/payments/secrets")).Code.Should().Be(403);
        _server.Requests.All[^1].User.Should().Be("system:serviceaccount:grants:g");
        _server.Delete<V1ServiceAccount>("g", "grants");
        (await sre.Get("api/v1/namespaces/payments/secrets")).Code.Should().Be(401);
    }

    [Fact]
    public async Task A_recent_success_may_be_served_from_the_token_cache()
    {
        var server = new FakeApiServer(_clock, new() { TokenCache = TimeSpan.FromSeconds(10) });
        using var admin = new Api(server);
        server.Put(new V1ServiceAccount { Metadata = new() { Name = "x", NamespaceProperty = "default" } });
        var token = (await admin.Post($"{Api.Accounts}/x/token", "{}")).Body["status"]!["token"]!.GetValue<string>();
        using var holder = new Api(server) { Token = token };
        await holder.Get("version");

        server.Delete<V1ServiceAccount>("x", "default");

        (await holder.Get("version")).Code.Should().Be(200);
        _clock.Advance(TimeSpan.FromSeconds(10));
        (await holder.Get("version")).Code.Should().Be(401);
    }

    private Task<HttpAnswer> TokenRequest(string json) => _admin.Post("api/v1/namespaces/grants/serviceaccounts/g/token", json);

    private async Task<HttpAnswer> MakeAccountAndSecret()
    {
        await _admin.Post("api/v1/namespaces/grants/serviceaccounts", """{"metadata":{"name":"g"}}""");
        return await _admin.Post("api/v1/namespaces/grants/secrets", """{"metadata":{"name":"g"}}""");
    }

    private async Task<bool> Authenticated(string token)
    {
        var review = await _admin.Post("apis/authentication.k8s.io/v1/tokenreviews", $$$$"""{"spec":{"token":"{{{{token}}}}"}}""");
        return review.Body["status"]!["authenticated"]?.GetValue<bool>() ?? false;
    }

    private async Task<(bool, string)> Review(string user, string verb, string resource, string subresource)
    {
        var review = await _admin.Post(
            "apis/authorization.k8s.io/v1/subjectaccessreviews",
            $$$$"""{"spec":{"user":"{{{{user}}}}","resourceAttributes":"""
                + $$$$"""{"namespace":"payments","verb":"{{{{verb}}}}","resource":"{{{{resource}}}}","subresource":"{{{{subresource}}}}"}}}""");
        return (review.Body["status"]!["allowed"]!.GetValue<bool>(), review.Body["status"]!["reason"]?.GetValue<string>() ?? "");
    }

    private void Bind(string name, string role, Rbacv1Subject subject) => _server.Put(new V1RoleBinding
    {
        Metadata = new() { Name = name, NamespaceProperty = "payments" },
        RoleRef = new() { Kind = "ClusterRole", Name = role },
        Subjects = [subject],
    });

    private static string BindingBody(string name, string role) =>
        $$$"""{"metadata":{"name":"{{{name}}}"},"roleRef":{"kind":"ClusterRole","name":"{{{role}}}"},"subjects":[{"kind":"User","name":"alice"}]}""";
}
