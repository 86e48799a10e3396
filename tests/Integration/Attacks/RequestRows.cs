using BreakGlass.Core.Api;
using FluentAssertions;

namespace Integration.Attacks;

/// <summary>Asking for what one may not have, as somebody one is not, or in a form that nobody expects.</summary>
internal static class RequestRows
{
    private const string Second = "requireClaims: [{key: example.com/amr, values: [mfa, hwk]}]";

    private static readonly string Long = new('x', 5000);
    private static readonly string Huge = new('x', 4_000_000);

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Nobody", "asks without credentials", Expectation.Refused(), async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Nobody); }),
        new("Mallory", "asks, and has no right to ask", Expectation.Refused("\"mallory\" cannot create resource \"breakglassgrants\""),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Mallory); }),
        new("Thief", "asks with the operator's token", Expectation.Refused("cannot create resource \"breakglassgrants\""),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Thief); }),
        new("Bob", "asks in Alice's name", Expectation.Opens(async (s, grant) =>
        {
            grant.Spec.Requester!.Username.Should().Be("bob");
            var secret = $"/api/v1/namespaces/{grant.Status.CredentialSecret!.Replace("/", "/secrets/", StringComparison.Ordinal)}";
            (await s.Stage.Bob.GetAsync(secret)).Code.Should().Be(200, "the credential is his");
            (await s.Stage.Alice.GetAsync(secret)).Code.Should().Be(403, "and not hers");
        }), async s => { await s.PolicyAsync(); return await s
            .AskAsync(s.Stage.Bob, "requester: {username: alice, uid: \"1\", groups: [payments-oncall]}"); }),
        new("Alice", "writes herself into the requesters' group", Expectation.Refused("'alice' is not among the requesters", "Group sre"), async s =>
        {
            await s.PolicyAsync(requesters: "{kind: Group, name: sre}");
            return await s.AskAsync(s.Stage.Alice, "requester: {username: alice, groups: [sre, system:masters]}");
        }),
        new("Alice", "writes a claim that her sign-in lacks", Expectation.Refused("has the claim 'example.com/amr'", "one of mfa, hwk"), async s =>
        {
            await s.PolicyAsync(Second);
            return await s.AskAsync(s.Stage.Alice, "requester: {username: alice, extra: {example.com/amr: [mfa]}}");
        }),
        new("Erin", "signs in with another factor than asked", Expectation.Refused("has the claim 'example.com/amr'"), async s =>
        {
            await s.PolicyAsync(Second);
            return await s.AskAsync(s.Stage.Admin.As("erin", "payments-oncall", claim: "example.com/amr", value: "pwd"));
        }),
        new("Erin", "signs in with the factor that is asked", Expectation.Opens(), async s =>
        {
            await s.PolicyAsync(Second);
            return await s.AskAsync(s.Stage.Admin.As("erin", "payments-oncall", claim: "example.com/amr", value: "hwk"));
        }),
        new("Alice", "asks for longer than the policy gives", Expectation.Refused("longer than the policy's max, 1h"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "duration: 2h"); }),
        new("Alice", "asks for no time at all", Expectation.Refused("more than zero"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "duration: 0s"); }),
        new("Alice", "asks for an entry that the policy lacks", Expectation.Refused("no access entry 'everything'"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "access: [everything]"); }),
        new("Alice", "asks for kube-system beside", Expectation.Refused("does not reach kube-system"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, $"namespaces: [{s.Namespace}, kube-system]"); }),
        new("Alice", "asks for the grants' namespace by name", Expectation.Refused("does not reach breakglass-grants"), async s =>
        {
            await s.PolicyAsync(access: $"{{name: pay, roleRef: {{kind: ClusterRole, name: edit}}, namespaceSelector: {{matchExpressions: [{{key: scene, "
                + $"operator: In, values: [\"{s.Id}\"]}}]}}}}");
            return await s.AskAsync(s.Stage.Alice, "namespaces: [breakglass-grants]");
        }),
        new("Alice", "gives no reason but spaces", Expectation.Refused("must not be empty"),
            async s => { await s.PolicyAsync(); return await s.Stage.Alice.SendAsync(HttpMethod.Post, "/apis/breakglass.dev/v1alpha1/breakglassgrants",
                Json(s).Replace("rollback", "   ", StringComparison.Ordinal), "application/json"); }),
        new("Alice", "gives a ticket that is none", Expectation.Refused("'soon' does not match"),
            async s => { await s.PolicyAsync("justification: {ticketPattern: '^INC-[0-9]+$'}"); return await s.AskAsync(s.Stage.Alice, "ticket: soon"); }),
        new("Alice", "plans a start where there is none to plan", Expectation.Refused("only policies of mode TimeBoxed"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "startTime: 2099-01-01T00:00:00Z"); }),
        new("Alice", "asks of a suspended policy", Expectation.Refused("is suspended"),
            async s => { await s.PolicyAsync("suspended: true"); return await s.AskAsync(s.Stage.Alice); }),
        new("Alice", "asks of a policy that is not there", Expectation.Refused("BreakGlassPolicy", "does not exist"), s => s.AskAsync(s.Stage.Alice)),
        new("Alice", "asks under a name that is too long for a label", Expectation.Refused("63"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, name: new string('n', 64)); }),
        new("Alice", "only tries it out", Expectation.Shows("accepted, stores nothing, and gives no seal away", async (s, answer) =>
        {
            answer.OrThrow().Json()["metadata"]!["annotations"]!["breakglass.dev/seal"]!.GetValue<string>().Should().Be("dry-run");
            (await s.Stage.Cluster.GrantAsync(s.Grant)).Should().BeNull();
        }), async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, query: "?dryRun=All"); }),
        new("Alice", "asks in a version that is not served", Expectation.Refused(), async s =>
        {
            await s.PolicyAsync();
            return await s.Stage.Alice.SendAsync(HttpMethod.Post, "/apis/breakglass.dev/v1beta1/breakglassgrants", Json(s, "v1beta1"), "application/json");
        }),
        new("Alice", "sends another version to the one that is served", Expectation.Refused(), async s =>
        {
            await s.PolicyAsync();
            return await s.Stage.Alice.SendAsync(HttpMethod.Post, "/apis/breakglass.dev/v1alpha1/breakglassgrants", Json(s, "v1beta1"), "application/json");
        }),
        new("Alice", "sends a manifest that ends in the middle", Expectation.Refused(), async s =>
        {
            await s.PolicyAsync();
            return await s.Stage.Alice.SendAsync(HttpMethod.Post, "/apis/breakglass.dev/v1alpha1/breakglassgrants", Json(s)[..^10], "application/json");
        }),
        new("Alice", "sends an array for the justification", Expectation.Refused("justification"), async s =>
        {
            await s.PolicyAsync();
            return await s.Stage.Alice.SendAsync(HttpMethod.Post, "/apis/breakglass.dev/v1alpha1/breakglassgrants",
                Json(s).Replace("\"rollback\"", "[\"rollback\"]", StringComparison.Ordinal), "application/json");
        }),
        new("Alice", "sends a null among the entries", Expectation.Refused("access"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "access: [null]"); }),
        new("Alice", "writes a justification of 5,000 characters", Expectation.Refused("4096"),
            async s => { await s.PolicyAsync(); return await s.Stage.Alice.SendAsync(HttpMethod.Post, "/apis/breakglass.dev/v1alpha1/breakglassgrants",
                Json(s).Replace("rollback", Long, StringComparison.Ordinal), "application/json"); }),
        new("Alice", "sends four megabytes", Expectation.Refused(), async s => { await s.PolicyAsync(); return await s.Stage.Alice.SendAsync(HttpMethod.Post,
            "/apis/breakglass.dev/v1alpha1/breakglassgrants", Json(s).Replace("rollback", Huge, StringComparison.Ordinal), "application/json"); }),
        new("Alice", "gives a key that is none for the credential", Expectation.Refused("recipientKey"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "recipientKey: {kty: EC, crv: P-256, x: AAAA, y: AAAA}"); }),
        new("Alice", "writes an active status into her request", Expectation.Denied("ApprovalTimeout", "0 of 1"), async s =>
        {
            await s.PolicyAsync(Scene.SoonOver);
            return await s.Stage.Alice.CreateAsync($$"""
                {apiVersion: breakglass.dev/v1alpha1, kind: BreakGlassGrant, metadata: {name: {{s.Grant}}}, spec: {policy: {{s.Policy}}, justification: checkout returns 5xx},
                 status: {phase: Active, activatedAt: "2026-01-01T00:00:00Z", expiresAt: "2099-01-01T00:00:00Z", access: [{{s.Edit}}], approvals: [{approver: carol, decision: Approve, at: "2026-01-01T00:00:00Z"}]} }
                """);
        }),
        new("Alice", "asks with our finalizer on it, as if access existed",
            Expectation.Refused("metadata.finalizers", "'breakglass.dev/revoke' cannot be added"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, meta: ", finalizers: [breakglass.dev/revoke]"); }),
        new("Alice", "asks and revokes in one breath, in Bob's name", Expectation.Shows("revoked before it opened, by herself", async (s, answer) =>
        {
            answer.OrThrow();
            var grant = await s.UntilAsync(GrantPhase.Revoked);
            grant.Spec.Revoke!.By!.Username.Should().Be("alice");
            grant.Status.ActivatedAt.Should().BeNull();
        }), async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, "revoke: {reason: oops, by: {username: bob}}"); }),
        new("Carol", "asks, and may only approve", Expectation.Refused("\"carol\" cannot create resource \"breakglassgrants\""),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Carol); }),
        new("Alice", "reads the credential of Bob's grant", Expectation.Shows("refused, and Bob's grant goes on", async (s, answer) =>
        {
            answer.Code.Should().Be(403, answer.Says);
            await s.StillActiveAsync();
            await s.CloseAsync();
        }), async s =>
        {
            await s.PolicyAsync();
            var grant = await s.OpenAsync(s.Stage.Bob);
            return await s.Stage.Alice.GetAsync($"/api/v1/namespaces/{grant.Status.CredentialSecret!.Replace("/", "/secrets/", StringComparison.Ordinal)}");
        }),
    ];

    private static string Json(Scene s, string version = "v1alpha1") =>
        $$$"""{"apiVersion":"breakglass.dev/{{{version}}}","kind":"BreakGlassGrant","metadata":{"name":"{{{s.Grant}}}"},"spec":"""
            + $$$"""{"policy":"{{{s.Policy}}}","justification":"rollback"}}""";
}
