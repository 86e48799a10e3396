using FluentAssertions;
using Xunit;

namespace TestKit.Tests.Server;

public sealed class PatchTests : IDisposable
{
    private const string Apply = "application/apply-patch+yaml";
    private const string JsonPatch = "application/json-patch+json";

    private readonly FakeApiServer _server;
    private readonly Api _api;

    public PatchTests()
    {
        _server = new(new());
        _api = new(_server);
    }

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task A_json_patch_with_a_failing_test_changes_nothing()
    {
        var made = await _api.Post(Api.Grants,
            """{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","metadata":{"name":"g","finalizers":["a.dev/x","b.dev/y"]},"spec":{}}""");

        var failed = await _api.Patch($"{Api.Grants}/g",
            """[{"op":"test","path":"/metadata/finalizers/0","value":"b.dev/y"},{"op":"remove","path":"/metadata/finalizers/0"}]""", JsonPatch);
        var right = await _api.Patch($"{Api.Grants}/g", """[{"op":"test","path":"/metadata/finalizers/0","value":"a.dev/x"},"""
            + """{"op":"remove","path":"/metadata/finalizers/0"},{"op":"add","path":"/spec/a~1b","value":1}]""", JsonPatch);

        (failed.Code, failed.Reason).Should().Be((422, "Invalid"));
        right.Meta["finalizers"]!.ToJsonString().Should().Be("""["b.dev/y"]""");
        right.Body["spec"]!.ToJsonString().Should().Be("""{"a/b":1}""");
        right.Version.Should().NotBe(made.Version);
    }

    [Fact]
    public async Task A_merge_patch_removes_by_null_and_honours_a_version()
    {
        var made = await _api.Post(
            Api.Grants, """{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","metadata":{"name":"g"},"spec":{"policy":"p","ticket":"t"}}""");

        var stale = await _api.Patch($"{Api.Grants}/g", """{"metadata":{"resourceVersion":"1"},"spec":{"policy":"q"}}""");
        var patched = await _api.Patch($"{Api.Grants}/g", """{"spec":{"ticket":null}}""");

        made.Code.Should().Be(201);
        (stale.Code, stale.Reason).Should().Be((409, "Conflict"));
        patched.Body["spec"]!.ToJsonString().Should().Be("""{"policy":"p"}""");
        (await _api.Patch($"{Api.Grants}/g", "{}", "application/strategic-merge-patch+json")).Code.Should().Be(415);
    }

    [Fact]
    public async Task An_applier_owns_what_it_names_and_gives_up_what_it_no_longer_names()
    {
        var made = await ApplyGrant("me", """{"labels":{"a":"1","b":"2"}}""", """{"policy":"p","ticket":"t"}""");
        await _api.Patch($"{Api.Grants}/g", """{"metadata":{"labels":{"foreign":"3"}}}""");

        var again = await ApplyGrant("me", """{"labels":{"a":"1"}}""", """{"policy":"p"}""");
        var same = await ApplyGrant("me", """{"labels":{"a":"1"}}""", """{"policy":"p"}""");

        made.Code.Should().Be(201);
        again.Meta["labels"]!.ToJsonString().Should().Be("""{"a":"1","foreign":"3"}""");
        again.Body["spec"]!.ToJsonString().Should().Be("""{"policy":"p"}""");
        same.Version.Should().Be(again.Version, "nothing changed, so nothing was written");
    }

    [Fact]
    public async Task Two_appliers_conflict_unless_one_forces()
    {
        await ApplyGrant("me", "{}", """{"policy":"p"}""");

        var conflict = await ApplyGrant("you", "{}", """{"policy":"q"}""");
        var forced = await ApplyGrant("you", "{}", """{"policy":"q"}""", "&force=true");

        (conflict.Code, conflict.Cause).Should().Be((409, "FieldManagerConflict"));
        forced.Body["spec"]!["policy"]!.GetValue<string>().Should().Be("q");
        (await _api.Patch($"{Api.Grants}/g", "{}", Apply)).Code.Should().Be(422, "an apply names its field manager");
    }

    private Task<HttpAnswer> ApplyGrant(string manager, string metadata, string spec, string more = "") => _api
        .Patch($"{Api.Grants}/g?fieldManager={manager}{more}",
        $$$"""{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","metadata":{{{metadata}}},"spec":{{{spec}}}}""",
        Apply);
}
