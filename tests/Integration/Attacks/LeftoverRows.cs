using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using k8s.Models;
using TestKit;

namespace Integration.Attacks;

/// <summary>What a grant's identity does so that nobody finds what it leaves behind, or so that somebody else is held to have made it.</summary>
internal static class LeftoverRows
{
    private const string Mark = "breakglass.dev/made-by";

    public static IReadOnlyList<Row> All { get; } = Release.Installed.Minor < 30 ? [] :
    [
        new("Identity", "takes the mark off what it made", Expectation.Shows("it carries the grant's UID still", KeepsOwnMarkAsync),
            s => ActAsync(s, async (identity, path) =>
            {
                await MakeAsync(identity, path, "");
                return await PatchAsync(identity, path, $$$"""{"metadata":{"labels":{"{{{Mark}}}":null} } }""");
            })),
        new("Identity", "takes all labels off what it made", Expectation.Shows("it carries the grant's UID still", KeepsOwnMarkAsync),
            s => ActAsync(s, async (identity, path) =>
            {
                await MakeAsync(identity, path, "");
                return await PatchAsync(identity, path, """{"metadata":{"labels":null} }""");
            })),
        new("Identity", "marks what it made as another grant's", Expectation.Shows("it carries the grant's own UID", KeepsOwnMarkAsync),
            s => ActAsync(s, async (identity, path) =>
            {
                var made = await MakeAsync(identity, path, $$$""","labels":{"{{{Mark}}}":"11111111-2222-4333-8444-555555555555"}""");
                return await PatchAsync(identity, path,
                    $$$"""{"metadata":{"labels":{"{{{Mark}}}":"11111111-2222-4333-8444-555555555555"} } }""") is { Good: false } refused ? refused : made;
            })),
        new("Identity", "marks what somebody else made as its own", Expectation.Shows("it carries no mark", async (s, _) =>
        {
            (await ReadAsync(s))["metadata"]!["labels"]?[Mark].Should().BeNull();
            await s.CloseAsync();
        }), s => ActAsync(s, async (identity, path) =>
        {
            await MakeAsync(s.Stage.Admin, path, "");
            return await PatchAsync(identity, path, $$$"""{"metadata":{"labels":{"{{{Mark}}}":"mine"} } }""");
        })),
        new("Identity", "gives what it made an owner that lives on, so that it stays",
            Expectation.Shows("it belongs to the grant's binding alone, and goes with it", async (s, _) =>
            {
                var owner = (await ReadAsync(s))["metadata"]!["ownerReferences"]!.AsArray().Should().ContainSingle().Subject!;
                ((string?)owner["kind"]).Should().Be(V1RoleBinding.KubeKind);
                await s.EndAsync(s.Stage.Carol);
                await Eventually.TrueAsync(async () => (await s.Stage.Admin.GetAsync(PathOf(s))).Code == 404, expected: "what the grant made to be collected");
            }), s => ActAsync(s, async (identity, path) =>
        {
            var ns = (await s.Look.GetAsync<V1Namespace>(s.Namespace, null, CancellationToken.None)).Metadata.Uid;
            var owners = $$$"""[{"apiVersion":"v1","kind":"Namespace","name":"{{{s.Namespace}}}","uid":"{{{ns}}}"}]""";
            var made = await MakeAsync(identity, path, $$$""","ownerReferences":{{{owners}}}""");
            return await PatchAsync(identity, path, $$"""{"metadata":{"ownerReferences":{{owners}} } }""") is { Good: false } refused ? refused : made;
        }, "leftovers: Remove")),
    ];

    private static string PathOf(Scene s) => $"/api/v1/namespaces/{s.Namespace}/configmaps/made";

    private static async Task<JsonNode> ReadAsync(Scene s) => (await s.Stage.Admin.GetAsync(PathOf(s))).OrThrow().Json();

    private static async Task KeepsOwnMarkAsync(Scene s, ApiAnswer answer)
    {
        var grant = (await s.Stage.Cluster.GrantAsync(s.Grant))!;
        ((string?)(await ReadAsync(s))["metadata"]!["labels"]![Mark]).Should().Be(grant.Metadata.Uid, answer.Text);
        await s.CloseAsync();
    }

    /// <summary>Opens, and acts with the token that was delivered.</summary>
    private static async Task<ApiAnswer> ActAsync(Scene s, Func<Person, string, Task<ApiAnswer>> act, string policy = "")
    {
        await s.PolicyAsync(policy);
        var grant = await s.OpenAsync(s.Stage.Alice);
        var secret = (await s.Stage.Alice.GetAsync($"/api/v1/namespaces/{grant.Status.CredentialSecret!.Replace("/", "/secrets/", StringComparison.Ordinal)}"))
            .OrThrow().Json();
        var file = Path.Combine(s.Stage.Cluster.ControlPlane.Directory, $"identity-{s.Id}.kubeconfig");
        await File.WriteAllTextAsync(file, Encoding.UTF8.GetString(Convert.FromBase64String((string)secret["data"]!["kubeconfig"]!)));
        using var identity = Person.Of("identity", null, s.Stage.Cluster.ControlPlane, file);
        return await act(identity, PathOf(s));
    }

    private static async Task<ApiAnswer> MakeAsync(Person who, string path, string meta) => (await who.SendAsync(
        HttpMethod.Post, path[..path.LastIndexOf('/')], $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"{{{meta}}}} }""",
        "application/json")).OrThrow();

    private static Task<ApiAnswer> PatchAsync(Person who, string path, string patch) =>
        who.SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");
}
