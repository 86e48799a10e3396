using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;

namespace Integration.Attacks;

/// <summary>Handing out by a policy what one could not hand out by hand.</summary>
internal static class PolicyRows
{
    private const string Refuses = "is not allowed to give";

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Mallory", "writes a policy, and has no right to", Expectation.Refused("cannot create resource \"breakglasspolicies\""),
            s => s.Stage.Mallory.CreateAsync(s.PolicyText())),
        new("Alice", "suspends a policy, and has no right to", Expectation.RefusedAndUntouched("cannot patch resource \"breakglasspolicies\""),
            async s => { await s.PolicyAsync(); await s.OpenAsync(s.Stage.Alice); return await s.Stage.Alice.PatchAsync(
                s.PolicyPath, """{"spec":{"suspended":true}}"""); }),
        new("Lena", "writes a policy for what she may bind", Expectation.Opens(), async s =>
        {
            await LenaBindsAsync(s);
            await Eventually.TrueAsync(async () => (await s.Stage.Lena.CreateAsync(s.PolicyText())).Good, expected: "Lena's policy to be taken");
            return await s.AskAsync(s.Stage.Alice);
        }),
        new("Lena", "names a namespace more", Expectation.Refused(Refuses, "ClusterRole/edit in namespace kube-public"),
            async s => { await LenaBindsAsync(s); return await s.Stage.Lena.CreateAsync(s.PolicyText(access: Access(s, "kube-public"))); }),
        new("Lena", "selects namespaces by their labels", Expectation.Refused(Refuses, "ClusterRole/edit in the whole cluster"),
            async s => { await LenaBindsAsync(s); return await s.Stage.Lena.CreateAsync(s.PolicyText(access: BySelector(s))); }),
        new("Lena", "reaches for the whole cluster", Expectation.Refused(Refuses, "ClusterRole/edit in the whole cluster"),
            async s => { await LenaBindsAsync(s); return await s.Stage.Lena.CreateAsync(s.PolicyText(access: Everywhere())); }),
        new("Lena", "names a stronger role", Expectation.Refused(Refuses, "ClusterRole/admin"), async s => { await LenaBindsAsync(
            s); return await s.Stage.Lena.CreateAsync(s.PolicyText(access: s.Edit.Replace("edit", "admin", StringComparison.Ordinal))); }),
        new("Lena", "names a Role that is not there yet", Expectation.Refused(Refuses, "Role/tomorrow"),
            async s => { await LenaBindsAsync(s); return await s.Stage.Lena
                .CreateAsync(s.PolicyText(access: $"{{name: pay, roleRef: {{kind: Role, name: tomorrow}}, namespaces: [{s.Namespace}]}}")); }),
        new("Lena", "widens a policy of Gus", Expectation.RefusedAndUntouched(Refuses), async s =>
        {
            await GusWritesAsync(s);
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Lena.PatchAsync(s.PolicyPath,
                $$"""{"spec":{"access":[{"name":"pay","roleRef":{"kind":"ClusterRole","name":"edit"},"namespaces":["{{s.Namespace}}","kube-public"]}]} }""");
        }),
        new("Lena", "makes herself a requester of a policy of Gus", Expectation.RefusedAndUntouched(Refuses), async s =>
        {
            await GusWritesAsync(s);
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Lena.PatchAsync(
                s.PolicyPath, """{"spec":{"requesters":[{"kind":"Group","name":"payments-oncall"},{"kind":"User","name":"lena"}]}}""");
        }),
        new("Lena", "makes herself the approver in a policy of Gus", Expectation.Refused(Refuses), async s =>
        {
            await GusWritesAsync(s, Scene.Approval);
            return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"approval":{"approvers":[{"kind":"User","name":"lena"}]}}}""");
        }),
        new("Lena", "takes the approval out of a policy of Gus", Expectation.Refused(Refuses), async s =>
        {
            await GusWritesAsync(s, Scene.Approval);
            return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"mode":"BreakGlass","approval":null}}""");
        }),
        new("Lena", "gives a policy of Gus more hours", Expectation.Refused(Refuses),
            async s => { await GusWritesAsync(s); return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"duration":{"max":"12h"}}}"""); }),
        new("Lena", "suspends a policy of Gus, which anybody may who writes policies",
            Expectation.Ends(GrantPhase.Revoked, EndReason.PolicySuspended, "PolicySuspended"), async s =>
            {
                await GusWritesAsync(s);
                await s.OpenAsync(s.Stage.Alice);
                return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"suspended":true}}""");
            }),
        new("Lena", "lets a suspended policy of Gus go on", Expectation.Refused(Refuses), async s => { await GusWritesAsync(
            s, "suspended: true"); return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"suspended":false}}"""); }),
        new("Lena", "describes a policy of Gus in other words", Expectation.Untouched(), async s =>
        {
            await GusWritesAsync(s);
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"description":"Gus's"}}""");
        }),
        new("Lena", "puts a seal of her own on a policy", Expectation.Untouched(async (s, _) =>
        {
            await s.EndAsync(s.Stage.Alice);
            await s.UntilAsync(g => g.FinalizersOrEmpty.Count == 0, "proven and let go");
            s.About = $"{s.Grant}-2";
            await s.OpenAsync(s.Stage.Alice, name: s.About);
        }), async s =>
        {
            await GusWritesAsync(s);
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"metadata":{"annotations":{"breakglass.dev/seal":"v1.k.1.AAAA"}}}""");
        }),
        new("Gus", "writes a policy for a role that he may not bind", Expectation.Refused(Refuses, "ClusterRole/cluster-admin in the whole cluster"),
            s => s.Stage.Gus.CreateAsync(s.PolicyText(access: "{name: all, roleRef: {kind: ClusterRole, name: cluster-admin}, clusterWide: true}"))),
        new("Gus", "reaches for the grants' namespace", Expectation.Refused("'breakglass-grants' holds the operator or the credentials"),
            s => s.Stage.Gus.CreateAsync(s.PolicyText(access: Access(s, "breakglass-grants")))),
        new("Thief", "has the operator's token and gives himself cluster-admin", Expectation.RefusedAndUntouched(Refuses, "ClusterRole/cluster-admin"),
            async s =>
        {
            await GusWritesAsync(s);
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Thief.PatchAsync(
                s.PolicyPath, """{"spec":{"access":[{"name":"pay","roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"clusterWide":true}]}}""");
        }),
        new("Admin", "writes a policy for a role off the operator's list",
            Expectation.Ends(GrantPhase.Failed, EndReason.Failed, "EscalationRefused", "attempting to grant RBAC permissions"), async s =>
            {
                await s.PolicyAsync(access: $"{{name: pay, roleRef: {{kind: ClusterRole, name: cluster-admin}}, namespaces: [{s.Namespace}]}}");
                await s.UntilPolicyAsync(
                    p => p.Status.Conditions.Any(c => c is { Type: "Ready", Status: "False", Reason: "RoleNotBindable" }), "a policy that is not ready");
                return await s.AskAsync(s.Stage.Alice);
            }),
        new("Admin", "widens a policy while a grant is active", Expectation.Untouched(async (s, _) =>
        {
            await s.UntilPolicyAsync(p => p.Status.ObservedGeneration == 2, "the operator to have seen it");
            (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = "kube-public" }, CancellationToken.None)).Items
                .Should().NotContain(b => b.Metadata.Name.Contains(s.Id, StringComparison.Ordinal));
        }), async s =>
        {
            await s.PolicyAsync();
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Admin.PatchAsync(s.PolicyPath,
                $$"""{"spec":{"access":[{"name":"pay","roleRef":{"kind":"ClusterRole","name":"edit"},"namespaces":["{{s.Namespace}}","kube-public"]}]} }""");
        }),
        new("Gus", "takes Alice out of the requesters while she has access",
            Expectation.Ends(GrantPhase.Revoked, EndReason.PolicyNarrowed, "PolicyNarrowed", "alice"), async s =>
            {
                await GusWritesAsync(s);
                await s.OpenAsync(s.Stage.Alice);
                return await s.Stage.Gus.PatchAsync(s.PolicyPath, """{"spec":{"requesters":[{"kind":"User","name":"bob"}]}}""");
            }),
        new("Gus", "deletes a policy while its grant is active", EndsWithPolicy,
            async s => { await GusWritesAsync(s); await s.OpenAsync(s.Stage.Alice); return await s.Stage.Gus.DeleteAsync(s.PolicyPath); }),
        new("Gus", "deletes a policy and makes another of its name", EndsWithPolicy, async s =>
        {
            await GusWritesAsync(s);
            await s.OpenAsync(s.Stage.Alice);
            (await s.Stage.Gus.DeleteAsync(s.PolicyPath)).OrThrow();
            await Eventually.TrueAsync(async () => (await s.Stage.Gus.CreateAsync(s.PolicyText())).Good, expected: "a policy of the same name");
            return new(200, "");
        }),
        new("Admin", "lets a role grow under a policy that suspends itself", Expectation.Refused("changed after policy", "until its owners confirm them"),
            async s => { await GrownAsync(s, "grows-suspended", "rolePinning: Suspend"); return await s.AskAsync(s.Stage.Alice); }),
        new("Admin", "labels a role into an aggregated one under a policy that suspends itself", Expectation.Refused("changed after policy",
            "until its owners confirm them"), async s => { await AggregatedAsync(s, "grows-aggregated"); return await s.AskAsync(s.Stage.Alice); }),
        new("Admin", "lets a role grow under a policy that only warns", Expectation.Opens(),
            async s => { await GrownAsync(s, "grows-warned", ""); return await s.AskAsync(s.Stage.Alice); }),
        new("Lena", "applies a policy again whose role has grown", Expectation.Refused(Refuses, "ClusterRole/grows-mended"), async s =>
        {
            await LenaBindsAsync(s);
            await GrownAsync(s, "grows-mended", "rolePinning: Suspend");
            return await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"description":"looked at it"}}""");
        }),
    ];

    /// <summary>Where its policy is gone, a grant is in the scope of every lockdown, those of the rows beside this one too.</summary>
    private static Expectation EndsWithPolicy => Expectation.Shows("revoked", async (s, answer) =>
    {
        answer.OrThrow();
        (await s.UntilAsync(GrantPhase.Revoked)).Status.EndReason.Should().BeOneOf(EndReason.PolicyDeleted, EndReason.Lockdown);
    });

    private static string Access(Scene s, string more) => s.Edit.Replace($"[{s.Namespace}]", $"[{s.Namespace}, {more}]", StringComparison.Ordinal);

    private static string BySelector(Scene s) =>
        $"{{name: pay, roleRef: {{kind: ClusterRole, name: edit}}, namespaceSelector: {{matchLabels: {{scene: \"{s.Id}\"}}}}}}";

    private static string Everywhere() => "{name: pay, roleRef: {kind: ClusterRole, name: edit}, clusterWide: true}";

    private static async Task GusWritesAsync(Scene s, string more = "") => (await s.Stage.Gus.CreateAsync(s.PolicyText(more, BySelector(s)))).OrThrow();

    private static Task LenaBindsAsync(Scene s) => s.Look
        .CreateAsync(new V1RoleBinding
        {
            Metadata = new() { Name = "author", NamespaceProperty = s.Namespace },
            RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = "binds" },
            Subjects = [new() { ApiGroup = V1Role.KubeGroup, Kind = "User", Name = "lena" }],
        },
        CancellationToken.None);

    /// <summary>
    /// Policy and aggregated role come together, so that the controller manager fills the role after the operator has seen it; then it grows.
    /// </summary>
    private static async Task AggregatedAsync(Scene s, string role)
    {
        var label = $"aggregate-to-{s.Id}";
        Task PartAsync(string name, string resource) => s.Look
            .CreateAsync(new V1ClusterRole
            {
                Metadata = new() { Name = $"{name}-{s.Id}", Labels = new Dictionary<string, string> { [label] = "true" } },
                Rules = [new() { ApiGroups = [""], Resources = [resource], Verbs = ["get"] }],
            },
            CancellationToken.None);

        await s.PolicyAsync("rolePinning: Suspend", s.Edit.Replace("name: edit", $"name: {role}", StringComparison.Ordinal));
        V1AggregationRule labelled = new() { ClusterRoleSelectors = [new() { MatchLabels = new Dictionary<string, string> { [label] = "true" } }] };
        await s.Look.CreateAsync(new V1ClusterRole { Metadata = new() { Name = role }, AggregationRule = labelled }, CancellationToken.None);
        await PartAsync("part", "configmaps");
        await s.UntilPolicyAsync(p => p.Status.Roles is [{ Rules: 1, PinnedHash: not null }]
            && p.Status.Conditions.Any(c => c is { Type: "Ready", Status: "True" }), "a policy that is ready once its role is filled");
        (await s.AskAsync(s.Stage.Alice, query: "?dryRun=All")).OrThrow();
        await PartAsync("more", "secrets");
        await s.UntilPolicyAsync(p => p.Status.Conditions.Any(c => c is { Type: "RolesResolved", Status: "False", Reason: "RoleChanged" }),
            "a policy that says that its role has changed");
    }

    private static async Task GrownAsync(Scene s, string role, string pinning)
    {
        var rule = new V1PolicyRule { ApiGroups = [""], Resources = ["configmaps"], Verbs = ["get"] };
        var made = await s.Look.CreateAsync(new V1ClusterRole { Metadata = new() { Name = role }, Rules = [rule] }, CancellationToken.None);
        await s.PolicyAsync(pinning, s.Edit.Replace("name: edit", $"name: {role}", StringComparison.Ordinal));
        await s.UntilPolicyAsync(p => p.Status.PinnedGeneration == 1 && p.Status.Conditions.Any(c => c is { Type: "RolesResolved", Status: "True" }),
            "a policy that knows its role");
        await s.Look.ReplaceAsync(made with { Rules = [rule with { Resources = ["configmaps", "secrets"] }] }, CancellationToken.None);
        await s.UntilPolicyAsync(p => p.Status.Conditions.Any(c => c is { Type: "RolesResolved", Status: "False", Reason: "RoleChanged" }),
            "a policy that says that its role has changed");
        await Eventually.TrueAsync(
            async () => (await s.Stage.Cluster.EventsAsync(nameof(BreakGlassPolicy), s.Policy)).Any(e => e is { Type: "Warning", Reason: "RoleChanged" }),
            expected: "an event RoleChanged");
    }
}
