using System.Text.Json.Nodes;
using FluentAssertions;
using k8s;
using k8s.Models;
using Xunit;

namespace Kube.Client.Tests;

public class VerbTests
{
    [Fact]
    public async Task Each_verb_is_the_request_that_the_API_asks_for()
    {
        using var handler = new StubHandler(s => s.Method == "DELETE"
            ? StubHandler.Json("""{"kind":"Status","status":"Success"}""") : StubHandler.Json("""{"metadata":{"name":"r","namespace":"n"}}"""));
        using var client = handler.NewClient(options: new() { FieldManager = "me" });
        var role = new V1Role { Metadata = new() { Name = "r", NamespaceProperty = "n", ResourceVersion = "7" } };

        await client.GetAsync<V1Role>("r", "n", default);
        await client.CreateAsync(role, default);
        await client.ReplaceAsync(role, default);
        await client.ReplaceStatusAsync(role, default);
        await client.MergePatchAsync<V1Role>("r", "n", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = null } }, default);
        await client.JsonPatchAsync<V1Role>("r", "n", new JsonArray(new JsonObject { ["op"] = "remove", ["path"] = "/rules/0" }), default);
        await client.DeleteAsync<V1Role>("r", "n", DeleteOptions.Default, default);

        const string Roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/n/roles";
        handler.Requests.Select(r => r.ToString()).Should()
            .Equal($"GET {Roles}/r",
            $"POST {Roles}?fieldManager=me",
            $"PUT {Roles}/r?fieldManager=me",
            $"PUT {Roles}/r/status?fieldManager=me",
            $"PATCH {Roles}/r?fieldManager=me",
            $"PATCH {Roles}/r?fieldManager=me",
            $"DELETE {Roles}/r");
        handler.Requests.Select(r => r.ContentType).Should()
            .Equal(null, "application/json", "application/json", "application/json", "application/merge-patch+json", "application/json-patch+json",
            "application/json");
        handler.Requests.ElementAt(4).Body.Should().Be("""{"metadata":{"labels":null}}""");
        handler.Requests.ElementAt(5).Body.Should().Be("""[{"op":"remove","path":"/rules/0"}]""");
        handler.Requests.Should().OnlyContain(r => r.Accept == "application/json");
    }

    [Fact]
    public async Task A_delete_carries_its_preconditions()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("{}"));
        using var client = handler.NewClient();

        (await client.DeleteAsync<V1Namespace>("x", null, new() { Uid = "u1", ResourceVersion = "9" }, default)).Should().BeTrue();

        handler.Requests.Single().Body.Should().Be(
            """{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"resourceVersion":"9","uid":"u1"}}""");
    }

    [Fact]
    public async Task A_kind_without_a_model_can_be_deleted_at_once()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("{}"));
        using var client = handler.NewClient();

        await client.DeleteAsync(new("", "v1", "Pod", "pods", Namespaced: true), "p", "n", new() { GracePeriodSeconds = 0 }, default);

        handler.Requests.Single().ToString().Should().Be("DELETE /api/v1/namespaces/n/pods/p");
        handler.Requests.Single().Body.Should().Be("""{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions"}""");
    }

    [Fact]
    public async Task A_delete_of_what_is_not_there_is_false_and_of_another_UID_is_a_conflict()
    {
        using var gone = new StubHandler(_ => StubHandler.Status(404, "NotFound"));
        (await gone.NewClient().DeleteAsync<V1Namespace>("x", null, DeleteOptions.Default, default)).Should().BeFalse();

        using var other = new StubHandler(_ => StubHandler.Status(409, "Conflict", "the UID in the precondition does not match"));
        var act = () => other.NewClient().DeleteAsync<V1Namespace>("x", null, new() { Uid = "u1" }, default);
        (await act.Should().ThrowAsync<KubeApiException>()).Which.IsConflict.Should().BeTrue();
    }

    [Fact]
    public async Task A_404_that_is_not_the_API_servers_own_never_says_that_an_object_is_gone()
    {
        using var proxy = new StubHandler(_ => new(System.Net.HttpStatusCode.NotFound) { Content = new StringContent("404 page not found") });
        var delete = () => proxy.NewClient().DeleteAsync<V1Namespace>("x", null, DeleteOptions.Default, default);
        var get = () => proxy.NewClient().TryGetAsync<V1Namespace>("x", null, default);

        (await delete.Should().ThrowAsync<KubeApiException>()).Which.Should().Match<KubeApiException>(e => (int)e.Code == 404 && !e.IsNotFound);
        (await get.Should().ThrowAsync<KubeApiException>()).WithMessage("*404 page not found*");
    }

    [Fact]
    public async Task TryGet_is_null_for_what_is_not_there_and_throws_for_everything_else()
    {
        using var gone = new StubHandler(_ => StubHandler.Status(404, "NotFound"));
        (await gone.NewClient().TryGetAsync<V1Namespace>("x", null, default)).Should().BeNull();

        using var refused = new StubHandler(_ => StubHandler.Status(403, "Forbidden"));
        var act = () => refused.NewClient().TryGetAsync<V1Namespace>("x", null, default);
        await act.Should().ThrowAsync<KubeApiException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    public async Task A_name_that_would_reach_something_else_is_never_sent(string name)
    {
        using var handler = new StubHandler(_ => StubHandler.Json("{}"));
        using var client = handler.NewClient();
        var delete = () => client.DeleteAsync<V1Role>(name, "n", DeleteOptions.Default, default);
        var get = () => client.GetAsync<V1Role>("r", name, default);
        var token = () => client.CreateTokenAsync("n", name, new TokenRequest(), default);

        await delete.Should().ThrowAsync<ArgumentException>();
        await get.Should().ThrowAsync<ArgumentException>();
        await token.Should().ThrowAsync<ArgumentException>();
        handler.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task A_role_name_with_colons_and_a_server_with_a_path_keep_both()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("""{"metadata":{"name":"system:a"}}"""));
        using var client = new KubeClient(handler, new Uri("https://rancher.test/k8s/clusters/c-1"), TimeProvider.System);

        await client.GetAsync<V1ClusterRole>("system:a", null, default);

        handler.Requests.Single().PathAndQuery.Should().Be("/k8s/clusters/c-1/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aa");
    }

    [Fact]
    public async Task Metadata_alone_is_asked_for_as_partial_objects_and_never_written()
    {
        using var handler = new StubHandler(
            s => StubHandler.Json(s.PathAndQuery.Contains("limit", StringComparison.Ordinal) ? """{"items":[]}""" : """{"metadata":{"name":"s"}}"""));
        using var client = handler.NewClient();
        var secret = new SecretMetadata { Metadata = new() { Name = "s", NamespaceProperty = "n" } };

        await client.GetAsync<SecretMetadata>("s", "n", default);
        await client.ListAsync<SecretMetadata>(new(), default);
        await foreach (var _ in client.WatchAsync<SecretMetadata>(new(), default))
        {
        }

        handler.Requests.Select(r => r.Accept).Should().Equal(
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        await client.Invoking(c => c.CreateAsync(secret, default)).Should().ThrowAsync<InvalidOperationException>();
        await client.Invoking(c => c.ReplaceAsync(secret, default)).Should().ThrowAsync<InvalidOperationException>();
        handler.Requests.Should().HaveCount(3);
    }

    [Fact]
    public async Task A_token_is_asked_for_at_the_service_account()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("""{"status":{"token":"t","expirationTimestamp":"2026-11-22T01:12:03Z"}}"""));

        var answer = await handler.NewClient().CreateTokenAsync("n", "sa", new TokenRequest { Spec = new() { ExpirationSeconds = 600 } }, default);

        answer.Status!.Token.Should().Be("t");
        handler.Requests.Single().ToString().Should().Be("POST /api/v1/namespaces/n/serviceaccounts/sa/token");
    }

    [Fact]
    public async Task The_version_is_read_without_what_a_provider_adds_to_it()
    {
        using var handler = new StubHandler(_ => StubHandler.Json("""{"major":"1","minor":"20+","gitVersion":"v1.20.2"}"""));
        using var client = handler.NewClient();

        var version = await client.GetVersionAsync(default);

        version.Should().Be(new ServerVersion(1, 20, "v1.20.2"));
        version.IsAtLeast(1, 20).Should().BeTrue();
        version.IsAtLeast(1, 21).Should().BeFalse();
        handler.Requests.Single().ToString().Should().Be("GET /version");
    }
}
