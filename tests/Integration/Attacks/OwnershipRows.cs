using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;

namespace Integration.Attacks;

/// <summary>Marks that are forged, copied or overwritten, names that are taken, and namespaces that come back as another one.</summary>
internal static class OwnershipRows
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1";

    private const int MostTries = PlaceHistory.MostRepairs - 2;

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Admin", "overwrites the grant's label on a binding of an active grant", Expectation.Untouched(PutRightAsync),
            s => MarkAsync(s, """{"labels":{"breakglass.dev/grant":"another"} }""")),
        new("Admin", "writes another grant's UID onto a binding of an active grant, and takes the owner off", Expectation.Untouched(PutRightAsync),
            s => MarkAsync(s,
                """{"annotations":{"breakglass.dev/grant-uid":"11111111-2222-4333-8444-555555555555"},"ownerReferences":null}""")),

        // The cluster's garbage collector may be faster, and deletes what is owned by something that does not exist.
        new("Admin", "gives a binding of an active grant to another owner",
            Expectation.Shows("it is the grant's again, also if the garbage collector removes it first", async (s, answer) =>
            {
                // The collector may act on what it saw before the repair.
                answer.OrThrow();
                await HasMarksAsync(s);
                var grant = (await s.Stage.Cluster.GrantAsync(s.Grant))!;
                grant.Status.Phase.Should().Be(GrantPhase.Active);
                await Eventually.TrueAsync(
                    async () => (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = s.Namespace },
                        CancellationToken.None)).Items is [{ Subjects: [var subject] }] && subject.Name == grant.Status.ServiceAccount!.Split('/')[1],
                    expected: "access as it was");
                await s.CloseAsync();
            }), s => MarkAsync(s,
            """{"ownerReferences":["""
                + """{"apiVersion":"breakglass.dev/v1alpha1","kind":"BreakGlassGrant","name":"another","uid":"11111111-2222-4333-8444-555555555555"}]}""")),
        new("Admin", "takes all marks off a binding of an active grant", Expectation.Untouched(PutRightAsync), s => MarkAsync(s,
            """{"labels":{"breakglass.dev/grant":null,"breakglass.dev/policy":null,"app.kubernetes.io/managed-by":null},"annotations":"""
                + """{"breakglass.dev/grant-uid":null,"breakglass.dev/expires-at":null},"ownerReferences":null}""")),
        new("Admin", "postpones the end that stands on a binding of an active grant", Expectation.Untouched(PutRightAsync),
            s => MarkAsync(s, """{"annotations":{"breakglass.dev/expires-at":"2099-01-01T00:00:00Z"} }""")),
        new("Admin", "copies all marks of a grant onto a binding of the team",
            Expectation.Shows("the team's binding stays through the grant and after it", async (s, answer) =>
            {
                answer.OrThrow();
                await s.EndAsync(s.Stage.Carol);
                await s.UntilAsync(g => g.FinalizersOrEmpty.Count == 0, "proven and let go");
                var path = $"{Rbac}/namespaces/{s.Namespace}/rolebindings/team-view";
                (await s.Stage.Admin.GetAsync(path)).OrThrow();
                (await s.Stage.Admin.SendAsync(HttpMethod.Delete, path, null, "application/json")).OrThrow();
            }), async s =>
        {
            await OpenAsync(s);
            var ours = (await s.Stage.Admin.GetAsync($"{Rbac}/namespaces/{s.Namespace}/rolebindings/{(await BindingAsync(s)).Metadata.Name}"))
                .OrThrow().Json();
            var (labels, annotations) = (ours["metadata"]!["labels"]!.ToJsonString(), ours["metadata"]!["annotations"]!.ToJsonString());
            return await s.Stage.Admin.SendAsync(HttpMethod.Post, $"{Rbac}/namespaces/{s.Namespace}/rolebindings",
                Binding("team-view", "developers", $""","labels":{labels},"annotations":{annotations}"""), "application/json");
        }),
        new("Admin", "marks a binding of the team as one of a grant that is gone", Expectation.Shows("it stays", async (s, answer) =>
        {
            answer.OrThrow();
            await s.StillActiveAsync(s.Grant);
            await s.CloseAsync();
            (await s.Stage.Admin.SendAsync(HttpMethod.Delete, $"{Rbac}/namespaces/default/rolebindings/team-{s.Id}", null, "application/json")).OrThrow();
        }), async s =>
        {
            const string marks =
                ""","labels":{"app.kubernetes.io/managed-by":"breakglass-operator","breakglass.dev/grant":"gone"},"annotations":"""
                    + """{"breakglass.dev/grant-uid":"11111111-2222-4333-8444-555555555555","breakglass.dev/expires-at":"2020-01-01T00:00:00Z"}""";
            var answer = await s.Stage.Admin.SendAsync(
                HttpMethod.Post, $"{Rbac}/namespaces/default/rolebindings", Binding($"team-{s.Id}", "developers", marks), "application/json");

            // What is asked for after it is answered after it.
            await OpenAsync(s);
            return answer;
        }),
        new("Admin", "takes the name of a grant's binding in one of its two namespaces",
            Expectation.Shows("the other stays open, and what is not ours stays", async (s, answer) =>
            {
                answer.OrThrow();
                var grant = await s.UntilAsync(g => Reason(g) == GrantConditions.Partial, "open in part");
                Conditions.Find(grant.Status.Conditions, "Active")!.Message.Should().Contain(Second(s)).And.Contain("left it alone");
                await s.StillActiveAsync();
                await s.EndAsync(s.Stage.Carol);
                await s.UntilAsync(g => g.FinalizersOrEmpty.Count == 0, "proven and let go");
                (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = Second(s) }, CancellationToken.None)).Items
                    .Should().ContainSingle().Which.Subjects[0].Name.Should().Be("developers");
            }), async s =>
        {
            await InTwoAsync(s);
            var name = (await BindingAsync(s)).Metadata.Name;
            var taken = $"{Rbac}/namespaces/{Second(s)}/rolebindings/{name}";
            for (var tries = 1; ; tries++)
            {
                (await s.Stage.Admin.SendAsync(HttpMethod.Delete, taken, null, "application/json")).OrThrow();
                var answer = await s.Stage.Admin.SendAsync(
                    HttpMethod.Post, $"{Rbac}/namespaces/{Second(s)}/rolebindings", Binding(name, "developers"), "application/json");

                // The operator may be faster. Each time it is, that is a repair, and after a few of them in a short time it leaves the place alone.
                if (answer.Good || tries == 30) return answer;
                if (tries % MostTries == 0) await Eventually.AtAsync(TimeProvider.System.GetUtcNow() + PlaceHistory.RepairWindow);
            }
        }),
        new("Admin", "deletes a namespace that a grant names, and another owner makes it again",
            Expectation.Shows("the grant does not follow", async (s, answer) =>
            {
                answer.OrThrow();
                var grant = await s.UntilAsync(g => Conditions.Find(g.Status.Conditions, "Active")!.Message
                    .Contains("deleted and created again", StringComparison.Ordinal), "told that the namespace is another one");
                Reason(grant).Should().Be(GrantConditions.Partial);
                (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = Second(s) }, CancellationToken.None)).Items.Should().BeEmpty();
                await s.StillActiveAsync();
                await s.EndAsync(s.Stage.Carol);
            }), async s =>
        {
            await InTwoAsync(s);
            var path = $"/api/v1/namespaces/{Second(s)}";
            (await s.Stage.Admin.SendAsync(HttpMethod.Delete, path, null, "application/json")).OrThrow();
            await Eventually.TrueAsync(async () => (await s.Stage.Admin.GetAsync(path)).Code == 404, expected: "the namespace to go");
            return await MakeSecondAsync(s);
        }),
        new("Tess", "writes down an active grant as revoked and proven, so that its bindings stay",
            Expectation.Shows("they are cut at once", async (s, answer) =>
        {
            answer.OrThrow();
            await Eventually.TrueAsync(async () => (await s.Look
                .ListAsync<V1RoleBinding>(new() { Namespace = s.Namespace }, CancellationToken.None)).Items.Count == 0, expected: "the binding to go");
        }), async s =>
        {
            await OpenAsync(s);
            return await s.Stage.Tess.PatchAsync($"{s.GrantPath}/status",
                """{"status":{"phase":"Revoked","endedAt":"2026-01-01T00:00:00Z","conditions":["""
                    + """{"type":"Revoked","status":"True","reason":"Proven","message":"Yes.","lastTransitionTime":"2026-01-01T00:00:00Z"}]} }""");
        }),
    ];

    private static string Second(Scene s) => $"{s.Namespace}-b";

    private static string? Reason(BreakGlassGrant grant) => Conditions.Find(grant.Status.Conditions, "Active")?.Reason;

    private static async Task OpenAsync(Scene s)
    {
        await s.PolicyAsync();
        await s.OpenAsync(s.Stage.Alice);
    }

    /// <summary>Access in two namespaces.</summary>
    private static async Task InTwoAsync(Scene s)
    {
        (await MakeSecondAsync(s)).OrThrow();
        await s.PolicyAsync(access: $"{{name: pay, roleRef: {{kind: ClusterRole, name: edit}}, namespaces: [{s.Namespace}, {Second(s)}]}}");
        await s.OpenAsync(s.Stage.Alice);
    }

    private static Task<ApiAnswer> MakeSecondAsync(Scene s) =>
        s.Stage.Admin.SendAsync(
            HttpMethod.Post, "/api/v1/namespaces", $$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{Second(s)}}}"} }""", "application/json");

    private static async Task<V1RoleBinding> BindingAsync(Scene s) =>
        (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = s.Namespace }, CancellationToken.None)).Items.Single();

    /// <summary>Opens, and changes the metadata of the binding in place; the answer holds the binding as it is then.</summary>
    private static async Task<ApiAnswer> MarkAsync(Scene s, string metadata)
    {
        await OpenAsync(s);
        return await s.Stage.Admin.SendAsync(HttpMethod.Patch, $"{Rbac}/namespaces/{s.Namespace}/rolebindings/{(await BindingAsync(s)).Metadata.Name}",
            $$"""{"metadata":{{metadata}} }""", "application/merge-patch+json");
    }

    /// <summary>The same binding carries all of its marks again.</summary>
    private static async Task PutRightAsync(Scene s, ApiAnswer answer)
    {
        await HasMarksAsync(s);
        (await BindingAsync(s)).Metadata.Uid.Should().Be((string?)answer.Json()["metadata"]!["uid"], "it was never removed");
    }

    private static async Task HasMarksAsync(Scene s)
    {
        var grant = (await s.Stage.Cluster.GrantAsync(s.Grant))!;
        await Eventually.TrueAsync(
            async () => (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = s.Namespace }, CancellationToken.None)).Items is [var binding]
                && binding.LabelsOrEmpty.GetValueOrDefault(BreakGlassApi.GrantLabel) == s.Grant
                && binding.LabelsOrEmpty.GetValueOrDefault(BreakGlassApi.PolicyLabel) == s.Policy
                && binding.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.GrantUidAnnotation) == grant.Metadata.Uid
                && binding.AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.ExpiresAtAnnotation) == BreakGlass.Core.Timestamp
                    .Text(grant.Status.ExpiresAt!.Value)
                && binding.OwnersOrEmpty.Any(r => r.Uid == grant.Metadata.Uid),
            expected: "the marks to be put right");
    }

    private static string Binding(string name, string group, string marks = "") => $$$"""
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"{{{name}}}"{{{marks}}}},
         "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},
         "subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"{{{group}}}"}]}
        """;
}
