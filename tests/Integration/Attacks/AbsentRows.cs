using System.Collections.Concurrent;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Sealing;
using FluentAssertions;
using k8s.Models;

namespace Integration.Attacks;

/// <summary>What is done while somebody has taken the webhook configurations away; it is looked at once they are back.</summary>
internal static class AbsentRows
{
    private static readonly ConcurrentDictionary<string, string> s_seals = new();

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Alice", "asks past the webhooks, in Bob's name", Expectation.Denied("RequesterNotSealed", "the requester cannot be verified"),
            s => s.AskAsync(s.Stage.Alice, Name("bob"))) { Prepare = s => s.PolicyAsync() },
        new("Alice", "applies a sealed manifest again that is 40 s old", Expectation.Denied("SealBroken", "the grant's seal is not valid"),
            s => s.AskAsync(s.Stage.Alice, Name("alice"), meta: s_seals[s.Id])) { Prepare = s => SealAsync(s, s.Grant, "alice", TimeSpan.FromSeconds(40)) },
        new("Alice", "puts the seal of another grant on hers", Expectation.Denied("SealBroken"),
            s => s.AskAsync(s.Stage.Alice, Name("alice"), meta: s_seals[s.Id])) { Prepare = s => SealAsync(s, "another", "alice") },
        new("Bob", "puts his name into Alice's sealed manifest", Expectation.Denied("SealBroken"),
            s => s.AskAsync(s.Stage.Bob, Name("bob"), meta: s_seals[s.Id])) { Prepare = s => SealAsync(s, s.Grant, "alice") },
        new("Alice", "asks for longer under her seal", Expectation.Denied("SealBroken"),
            s => s.AskAsync(s.Stage.Alice, $"{Name("alice")}\nduration: 1h", meta: s_seals[s.Id])) { Prepare = s => SealAsync(s, s.Grant, "alice") },
        new("Alice", "makes a seal up", Expectation.Denied("SealBroken"), s => s.AskAsync(s.Stage.Alice, Name("alice"),
            meta: ", annotations: {breakglass.dev/seal: v1.k1.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA}")) { Prepare = s => s.PolicyAsync() },
        new("Lena", "writes a policy that she may not, past the webhooks", Expectation.Shows("it is not Ready, and gives nothing", async (s, answer) =>
        {
            answer.OrThrow();
            await s.UntilPolicyAsync(p => p.Status.Conditions.Any(c => c is { Type: "Ready", Status: "False", Reason: "PolicyNotSealed" }), "not ready");
            var asked = await s.AskAsync(s.Stage.Alice, name: $"{s.Grant}-2");
            asked.Code.Should().BeInRange(400, 499);
            asked.Says.Should().Contain("the author of policy");
            (await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"description":"mine"}}""")).Says.Should().Contain("is not allowed to give");
            (await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"metadata":{"annotations":{"breakglass.dev/seal":"renew"}}}""")).Says
                .Should().Contain("is not allowed to give");
        }), s => s.Stage.Lena.CreateAsync(s.PolicyText(access: "{name: pay, roleRef: {kind: ClusterRole, name: edit}, clusterWide: true}"))),
        new("Tess", "widens a sealed policy past the webhooks", Expectation.Shows("it is not Ready, and its grant is what it was", async (s, answer) =>
        {
            answer.OrThrow();
            await s.UntilPolicyAsync(p => p.Status.Conditions.Any(c => c is { Type: "Ready", Status: "False", Reason: "PolicyNotSealed" }), "not ready");
            (await s.AskAsync(s.Stage.Alice, name: $"{s.Grant}-2")).Says.Should().Contain("the author of policy");
        }), s => s.Stage.Tess.PatchAsync(s.PolicyPath,
            """{"spec":{"requesters":[{"kind":"User","name":"mallory"},{"kind":"Group","name":"payments-oncall"}]}}""")) { Prepare = s => s.PolicyAsync() },
        new("Carol", "approves past the webhooks, in Chris's name too", Expectation.Shows("neither counts", async (s, answer) =>
        {
            answer.OrThrow();
            var grant = (await s.Stage.Cluster.GrantAsync(s.Grant))!;
            grant.Status.Phase.Should().Be(GrantPhase.AwaitingApproval, Incident.Show(grant));
            grant.Status.Approvals.Should().BeEmpty();
            await s.CloseAsync();
            await s.UntilAsync(GrantPhase.Denied);
        }), async s =>
        {
            var uid = (await s.Stage.Cluster.GrantAsync(s.Grant))!.Metadata.Uid;
            (await s.DecideAsync(s.Stage.Carol, more: $"grantUid: {uid}\n  approver: {{username: carol, groups: [commanders]}}")).OrThrow();
            return await s.DecideAsync(s.Stage.Carol, more: $"grantUid: {uid}\n  approver: {{username: chris, groups: [commanders]}}");
        })
        {
            Prepare = async s =>
            {
                await s.PolicyAsync(Scene.Approval);
                (await s.AskAsync(s.Stage.Alice)).OrThrow();
                await s.UntilAsync(GrantPhase.AwaitingApproval);
            },
        },
        new("Dora", "reviews her own past the webhooks", Expectation.Shows("it does not count", async (s, answer) =>
        {
            answer.OrThrow();
            (await s.ReviewAsync(s.Stage.Rita)).OrThrow();
            var grant = await s.UntilAsync(g => Conditions.IsTrue(g.Status.Conditions, GrantConditions.Reviewed), "reviewed");
            grant.Status.Conditions.Single(c => c.Type == GrantConditions.Reviewed).Message.Should().Contain("by rita");
        }), async s =>
        {
            var uid = (await s.Stage.Cluster.GrantAsync(s.Grant))!.Metadata.Uid;
            return await s.ReviewAsync(s.Stage.Dora, $"grantUid: {uid}\n  reviewer: {{username: sue, groups: [security]}}");
        })
        {
            Prepare = async s =>
            {
                await s.PolicyAsync("review: {required: true, reviewers: [{kind: Group, name: security}]}");
                await s.OpenAsync(s.Stage.Dora);
                await s.EndAsync(s.Stage.Dora);
            },
        },
        new("Tess", "gives an active grant to Mallory past the webhooks",
            Expectation.Shows("refused by the schema's rules, or the grant ends", async (s, answer) =>
            {
                if (!answer.Good) await s.StillActiveAsync();
                else await s.UntilAsync(GrantPhase.Failed);
                await s.CloseAsync();
            }), s => s.Stage.Tess.PatchAsync(s.GrantPath, """{"spec":{"requester":{"username":"mallory"}}}""")) { Prepare = OpenAsync },
        new("Tess", "takes the seal of an active grant off",
            Expectation.Ends(GrantPhase.Revoked, EndReason.PolicyNarrowed, "PolicyNarrowed", "the requester is not sealed"),
            s => s.Stage.Tess.PatchAsync(s.GrantPath, """{"metadata":{"annotations":{"breakglass.dev/seal":null}}}""")) { Prepare = OpenAsync },
        new("Kim", "shuts past the webhooks, which needs nobody's word", Expectation.Ends(GrantPhase.Revoked, EndReason.Lockdown, "Lockdown"),
            s => s.LockAsync(s.Stage.Kim)) { Prepare = OpenAsync },
        new("Alice", "revokes past the webhooks, which needs nobody's word", Expectation.Ends(GrantPhase.Revoked, EndReason.RevokedByUser, "RevokedByUser"),
            s => s.Stage.Alice.PatchAsync(s.GrantPath, """{"spec":{"revoke":{}}}""")) { Prepare = OpenAsync },
    ];

    private static string Name(string user) => $"requester: {{username: {user}, groups: [payments-oncall, system:authenticated]}}";

    private static async Task OpenAsync(Scene s)
    {
        await s.PolicyAsync();
        await s.OpenAsync(s.Stage.Alice);
    }

    /// <summary>A seal such as the webhook made for a manifest, so long ago.</summary>
    private static async Task SealAsync(Scene s, string name, string user, TimeSpan age = default)
    {
        await s.PolicyAsync();
        var keys = SealKeys.Read((await s.Look.GetAsync<V1Secret>(SealKeyring.SecretName, "breakglass-system", CancellationToken.None)).Data);
        var sealedOne = new BreakGlassGrant
        {
            Metadata = new() { Name = name },
            Spec = new() { Policy = s.Policy, Justification = Scene.Justification,
                Requester = new() { Username = user, Groups = ["payments-oncall", "system:authenticated"] } },
        };
        s_seals[s.Id] = $", annotations: {{breakglass.dev/seal: {Seal.Make(sealedOne, keys.All[0], TimeProvider.System.GetUtcNow() - age)}}}";
    }
}
