using System.Text.Json.Nodes;
using FluentAssertions;
using k8s.Models;
using Xunit;

namespace TestKit.Tests.Server;

public sealed class CrudTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly Api _api;

    public CrudTests()
    {
        _server = new(_clock);
        _api = new(_server);
    }

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_new_object_gets_what_the_server_gives_and_a_second_one_of_its_name_is_refused()
    {
        var made = await Grant("g");
        var again = await _api.Post(Api.Grants, Body("g"));

        made.Code.Should().Be(201);
        made.Meta["creationTimestamp"]!.GetValue<string>().Should().Be("2026-11-22T01:02:03Z");
        made.Meta["generation"]!.GetValue<long>().Should().Be(1);
        made.Uid.Should().NotBeEmpty();
        made.Body.ContainsKey("status").Should().BeFalse("a create cannot set the status");
        (again.Code, again.Reason, again.Message).Should().Be((409, "AlreadyExists", "breakglassgrants.breakglass.dev \"g\" already exists"));
    }

    [Fact]
    public async Task A_generated_name_starts_with_its_prefix()
    {
        var made = await _api.Post(Api.Secrets, """{"metadata":{"generateName":"token-"}}""");

        made.Meta["name"]!.GetValue<string>().Should().MatchRegex("^token-[a-z0-9]{5}$");
        made.Body["type"]!.GetValue<string>().Should().Be("Opaque");
    }

    [Fact]
    public async Task A_replace_needs_the_latest_version_and_the_same_uid()
    {
        var made = await Grant("g");
        var first = await _api.Put($"{Api.Grants}/g", With(made.Body, o => o["spec"]!["policy"] = "other"));

        var stale = await _api.Put($"{Api.Grants}/g", With(made.Body, o => o["spec"]!["policy"] = "third"));
        var blind = await _api.Put($"{Api.Grants}/g", With(made.Body, o => o["metadata"]!.AsObject().Remove("resourceVersion")));
        var foreign = await _api.Put($"{Api.Grants}/g", With(first.Body, o => o["metadata"]!["uid"] = "another"));

        first.Meta["generation"]!.GetValue<long>().Should().Be(2);
        (stale.Code, stale.Reason).Should().Be((409, "Conflict"));
        (blind.Code, blind.Cause).Should().Be((422, "FieldValueInvalid"));
        (foreign.Code, foreign.Reason).Should().Be((409, "Conflict"));
    }

    [Fact]
    public async Task Status_is_written_only_through_its_subresource_and_moves_no_generation()
    {
        var made = await Grant("g");
        var main = await _api.Put($"{Api.Grants}/g", With(made.Body, o => o["status"] = new JsonObject { ["phase"] = "Active" }));
        var status = await _api.Put($"{Api.Grants}/g/status", With(made.Body, o =>
        {
            o["status"] = new JsonObject { ["phase"] = "Active" };
            o["spec"]!["policy"] = "smuggled";
        }));

        main.Body.ContainsKey("status").Should().BeFalse();
        main.Version.Should().Be(made.Version, "nothing changed, so nothing was written");
        status.Body["status"]!["phase"]!.GetValue<string>().Should().Be("Active");
        status.Body["spec"]!["policy"]!.GetValue<string>().Should().Be("p");
        status.Meta["generation"]!.GetValue<long>().Should().Be(1);
    }

    [Fact]
    public async Task A_finalizer_holds_a_deleted_object_until_it_is_removed_and_no_other_can_be_added()
    {
        await Grant("g", "\"finalizers\":[\"breakglass.dev/revoke\"]");
        var deleted = await _api.Delete($"{Api.Grants}/g");
        var added = await _api.Patch($"{Api.Grants}/g", """{"metadata":{"finalizers":["breakglass.dev/revoke","example.com/more"]}}""");
        var removed = await _api.Patch($"{Api.Grants}/g", """{"metadata":{"finalizers":null}}""");

        deleted.Meta["deletionTimestamp"].Should().NotBeNull();
        (added.Code, added.Cause).Should().Be((422, "FieldValueForbidden"));
        removed.Code.Should().Be(200);
        (await _api.Get($"{Api.Grants}/g")).Code.Should().Be(404);
    }

    [Fact]
    public async Task A_delete_keeps_off_an_object_of_another_uid_or_version()
    {
        var made = await Grant("g");

        var uid = await _api.Delete($"{Api.Grants}/g", """{"preconditions":{"uid":"another"}}""");
        var version = await _api.Delete($"{Api.Grants}/g", """{"preconditions":{"resourceVersion":"1"}}""");
        var right = await _api.Delete($"{Api.Grants}/g", $$$"""{"preconditions":{"uid":"{{{made.Uid}}}"}}""");
        var gone = await _api.Delete($"{Api.Grants}/g");

        (uid.Code, uid.Reason, version.Code).Should().Be((409, "Conflict", 409));
        (right.Code, right.Body["status"]!.GetValue<string>()).Should().Be((200, "Success"));
        (gone.Code, gone.Reason).Should().Be((404, "NotFound"));
    }

    [Fact]
    public async Task What_may_never_change_does_not()
    {
        await _api.Post(Api.Secrets, """{"metadata":{"name":"s"},"immutable":true,"data":{"token":"YQ=="}}""");
        await _api.Post(Api.RoleBindings,
            """{"metadata":{"name":"b"},"roleRef":{"kind":"ClusterRole","name":"edit"},"subjects":[{"kind":"User","name":"alice"}]}""");

        var data = await _api.Patch($"{Api.Secrets}/s", """{"data":{"token":"Yg=="}}""");
        var role = await _api.Patch($"{Api.RoleBindings}/b", """{"roleRef":{"name":"admin"}}""");

        (data.Code, data.Message).Should().Be((422, "Secret \"s\" is invalid: data: Forbidden: field is immutable when `immutable` is set"));
        role.Code.Should().Be(422);
        role.Message.Should().EndWith("cannot change roleRef");
        _server.Get<V1RoleBinding>("b", "default")!.Subjects[0].ApiGroup.Should().Be(V1Role.KubeGroup);
    }

    [Fact]
    public async Task Namespaces_must_exist_and_live()
    {
        var missing = await _api.Post("api/v1/namespaces/nowhere/secrets", """{"metadata":{"name":"s"}}""");
        await _api.Delete("api/v1/namespaces/default");
        var dying = await _api.Post(Api.Secrets, """{"metadata":{"name":"s"}}""");

        (missing.Code, missing.Message).Should().Be((404, "namespaces \"nowhere\" not found"));
        (dying.Code, dying.Reason, dying.Cause).Should().Be((403, "Forbidden", "NamespaceTerminating"));
        _server.FinishNamespaceDeletion("default").Should().BeTrue();
        (await _api.Get("api/v1/namespaces/default")).Code.Should().Be(404);
    }

    [Theory]
    [InlineData("\"labels\":{\"breakglass.dev/grant\":\"a123456789012345678901234567890123456789012345678901234567890123\"}", "metadata.labels")]
    [InlineData("\"ownerReferences\":[{\"kind\":\"X\",\"name\":\"x\",\"apiVersion\":\"v1\"}]", "metadata.ownerReferences.uid")]
    [InlineData("\"annotations\":{\"not a key\":\"\"}", "metadata.annotations")]
    public async Task Metadata_that_the_real_server_refuses_is_refused(string metadata, string field)
    {
        var answer = await Grant("g", metadata);

        answer.Code.Should().Be(422);
        answer.Body["details"]!["causes"]![0]!["field"]!.GetValue<string>().Should().Be(field);
    }

    [Fact]
    public async Task What_is_not_served_is_not_found_and_discovery_shows_the_rest()
    {
        (await _api.Get("apis/nothing.dev/v1/things")).Text.Should().Be("404 page not found\n");
        (await _api.Get("api/v1/things")).Reason.Should().Be("NotFound");
        (await _api.Get("version")).Body["minor"]!.GetValue<string>().Should().Be("34");
        (await _api.Get("apis/breakglass.dev/v1alpha1")).Text.Should().Contain("breakglassgrants/status");

        _server.Resources.Unregister("breakglass.dev", "v1alpha1", "breakglassgrants");
        (await _api.Get(Api.Grants)).Code.Should().Be(404);
    }

    [Fact]
    public async Task Every_answer_carries_the_servers_time()
    {
        _server.DateSkew = TimeSpan.FromSeconds(40);

        (await _api.Get("version")).Headers.Date.Should().Be(new DateTimeOffset(2026, 11, 22, 1, 2, 43, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(20, "kube-system", 201)]
    [InlineData(20, "default", 422)]
    [InlineData(34, "default", 201)]
    [InlineData(34, "breakglass-system", 422)]
    public async Task An_event_about_a_cluster_scoped_object_stands_where_the_release_wants_it(int minor, string ns, int code)
    {
        var server = new FakeApiServer(_clock, new() { Version = new(1, minor) });
        server.CreateNamespace("breakglass-system");
        using var api = new Api(server);

        var answer = await api.Post(
            $"apis/events.k8s.io/v1/namespaces/{ns}/events",
            """
            {"metadata":{"name":"e"},"eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"c","reportingInstance":"i",
             "action":"A","reason":"R","type":"Normal","regarding":{"kind":"BreakGlassGrant","name":"g"}}
            """);

        answer.Code.Should().Be(code);
    }

    private static string Body(string name, string metadata = "") =>
        $$$"""{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","metadata":"""
            + $$$"""{"name":"{{{name}}}"{{{(metadata.Length == 0 ? "" : "," + metadata)}}}},"spec":{"policy":"p"},"status":{"phase":"Active"}}""";

    private static JsonObject With(JsonObject o, Action<JsonObject> change)
    {
        var copy = o.DeepClone().AsObject();
        change(copy);
        return copy;
    }

    private Task<HttpAnswer> Grant(string name, string metadata = "") => _api.Post(Api.Grants, Body(name, metadata));
}
