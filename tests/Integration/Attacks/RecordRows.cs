using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;

namespace Integration.Attacks;

/// <summary>Changing what was asked, decided or recorded. Tess may write everything that RBAC can let somebody write of our kinds.</summary>
internal static class RecordRows
{
    private const string Unchangeable = "cannot be changed";

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Tess", "makes a grant longer", Expectation.RefusedAndUntouched(Unchangeable),
            async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync(s.GrantPath, """{"spec":{"duration":"1h"}}"""); }),
        new("Tess", "points a grant at another policy", Expectation.RefusedAndUntouched(Unchangeable),
            async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync(s.GrantPath, """{"spec":{"policy":"another"}}"""); }),
        new("Tess", "gives a grant to Mallory",
            Expectation.Untouched(async (s, _) => (await s.Stage.Cluster.GrantAsync(s.Grant))!.Spec.Requester!.Username.Should().Be("alice")),
            async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync(s.GrantPath, """{"spec":{"requester":{"username":"mallory"}}}"""); }),
        new("Alice", "rewords her justification", Expectation.RefusedAndUntouched(Unchangeable), async s => { await OpenAsync(
            s); return await s.Stage.Alice.PatchAsync(s.GrantPath, """{"spec":{"justification":"nothing to see here, move along please"}}"""); }),
        new("Alice", "writes her own status, and has no right to", Expectation.RefusedAndUntouched("cannot patch resource \"breakglassgrants/status\""),
            async s =>
        {
            await OpenAsync(s);
            return await s.Stage.Alice.PatchAsync($"{s.GrantPath}/status", """{"status":{"expiresAt":"2099-01-01T00:00:00Z"}}""");
        }),
        new("Alice", "deletes her grant, and has no right to", Expectation.RefusedAndUntouched("cannot delete resource \"breakglassgrants\""),
            async s => { await OpenAsync(s); return await s.Stage.Alice.DeleteAsync(s.GrantPath); }),
        new("Carol", "revokes Alice's grant in Mallory's name", Expectation.Shows("revoked, by Carol", async (s, answer) =>
        {
            answer.OrThrow();
            var grant = await s.UntilAsync(GrantPhase.Revoked);
            grant.Spec.Revoke!.By!.Username.Should().Be("carol");
            grant.Status.Transitions[^1].Actor.Should().Be("carol");
        }), async s => { await OpenAsync(s); return await s.Stage.Carol.PatchAsync(
            s.GrantPath, """{"spec":{"revoke":{"reason":"done","by":{"username":"mallory"}}}}"""); }),
        new("Alice", "takes a revocation back", Expectation.Refused("cannot be taken back"), async s => { await OpenAsync(s); await s.EndAsync(
            s.Stage.Carol); return await s.Stage.Alice.PatchAsync(s.GrantPath, """{"spec":{"revoke":null}}"""); }),
        new("Alice", "gives a revocation another reason", Expectation.Refused(Unchangeable), async s => { await OpenAsync(s); await s.EndAsync(
            s.Stage.Carol); return await s.Stage.Alice.PatchAsync(s.GrantPath, """{"spec":{"revoke":{"reason":"was not me"}}}"""); }),
        new("Tess", "takes the seal off", Expectation.Untouched(SealedAsync), async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync(
            s.GrantPath, """{"metadata":{"annotations":{"breakglass.dev/seal":null}}}"""); }),
        new("Tess", "puts another seal on", Expectation.Untouched(SealedAsync), async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync(
            s.GrantPath, """{"metadata":{"annotations":{"breakglass.dev/seal":"v1.a.1.AAAA"}}}"""); }),
        new("Tess", "labels a grant as another policy's", Expectation.Untouched(SealedAsync), async s => { await OpenAsync(
            s); return await s.Stage.Tess.PatchAsync(s.GrantPath, """{"metadata":{"labels":{"breakglass.dev/policy":"x"},"annotations":{"a":"b"}}}"""); }),
        new("Tess", "deletes an active grant", Expectation.Shows("its access ends first, and then it is gone", GoneAsync),
            async s => { await OpenAsync(s); return await s.Stage.Tess.DeleteAsync(s.GrantPath); }),
        new("Tess", "takes the finalizer off and deletes", Expectation.Shows("refused, and deleting alone ends the access first", GoneAsync), async s =>
        {
            await OpenAsync(s);
            (await s.Stage.Tess.PatchAsync(s.GrantPath, """{"metadata":{"finalizers":null}}""")).Text.Should().Contain("cannot be removed");
            return await s.Stage.Tess.DeleteAsync(s.GrantPath);
        }),
        new("Tess", "deletes a request that waits, and the decisions on it go too",
            Expectation.Shows("it is gone, and its approval with it", async (s, answer) =>
        {
            answer.OrThrow();
            await Eventually.TrueAsync(async () => !(await s.Look.ListAsync<BreakGlassApproval>(new(), CancellationToken.None)).Items
                .Any(a => a.Spec.Grant == s.Grant), expected: "the approval to be collected");
        }), async s =>
        {
            await s.PolicyAsync(Scene.Approval.Replace("required: 1", "required: 2", StringComparison.Ordinal));
            (await s.AskAsync(s.Stage.Alice)).OrThrow();
            await s.UntilAsync(GrantPhase.AwaitingApproval);
            (await s.DecideAsync(s.Stage.Carol)).OrThrow();
            return await s.Stage.Tess.DeleteAsync(s.GrantPath);
        }),
        new("Tess", "deletes a finished grant, so that its manifest can be applied again", Expectation.Refused("kept until", "retainFor"),
            async s => { await OpenAsync(s); await s.EndAsync(s.Stage.Alice); return await s.Stage.Tess.DeleteAsync(s.GrantPath); }),
        new("Thief", "deletes a finished grant with the operator's token", Expectation.Refused("kept until"),
            async s => { await OpenAsync(s); await s.EndAsync(s.Stage.Alice); return await s.Stage.Thief.DeleteAsync(s.GrantPath); }),
        new("Tess", "deletes all finished grants at once", Expectation.Shows(
            "refused for each of them", async (s, _) => (await s.Stage.Cluster.GrantAsync(s.Grant)).Should().NotBeNull("its record is kept")), async s =>
            {
                await OpenAsync(s);
                await s.EndAsync(s.Stage.Alice);
                return await s.Stage.Tess.DeleteAsync($"breakglassgrants?fieldSelector=metadata.name%3D{s.Grant}");
            }),
        new("Alice", "applies her finished grant again", Expectation.Refused("already exists"),
            async s => { await OpenAsync(s); await s.EndAsync(s.Stage.Alice); return await s.AskAsync(s.Stage.Alice); }),
        new("Tess", "forges the record of a grant that waits for approval", Expectation.Shows("access does not open, and it is told", ShutForGoodAsync),
            async s =>
        {
            await WaitingAsync(s);
            return await ForgeAsync(s, Record(s));
        }),
        new("Tess", "forges an active status for a grant that waits for approval",
            Expectation.Shows("access does not open, and it is told", ShutForGoodAsync), async s =>
            {
                await WaitingAsync(s);
                return await ForgeAsync(s, Record(s) with { Phase = GrantPhase.Active,
                    Conditions = [new() { Type = "Active", Status = "True", Reason = "AccessGiven", Message = "Yes.", LastTransitionTime = Now }] });
            }),
        new("Tess", "forges the approvals of a grant that waits for them", Expectation.Shows("it goes on waiting", async (s, answer) =>
        {
            answer.OrThrow();
            await s.UntilAsync(g => g.Status.Phase is GrantPhase.Denied && g.Status.EndReason is EndReason.ApprovalTimeout, "denied");
        }), async s =>
        {
            await WaitingAsync(s, Scene.SoonOver.Replace("6s", "30s", StringComparison.Ordinal));
            return await ForgeAsync(
                s, (await s.Stage.Cluster.GrantAsync(s.Grant))!.Status with { Approvals = [new() { Approver = "carol", Decision = "Approve", At = Now }] });
        }),
        new("Tess", "forges the record of a grant that was denied", Expectation.Shows("access does not open", ShutForGoodAsync), async s =>
        {
            await WaitingAsync(s);
            (await s.DecideAsync(s.Stage.Carol, "Deny")).OrThrow();
            await s.UntilAsync(GrantPhase.Denied);
            return await ForgeAsync(s, Record(s));
        }),
        new("Tess", "forges the bypass of a grant that waits for approval", Expectation.Shows("access does not open", ShutForGoodAsync), async s =>
        {
            await WaitingAsync(s, $"{Scene.Approval}\nemergencyBypass: {{duration: 1h}}");
            return await ForgeAsync(s, Record(s) with { Conditions =
                [new() { Type = "Approved", Status = "False", Reason = "EmergencyBypass", Message = "Yes.", LastTransitionTime = Now }] });
        }),
        new("Tess", "sets a grant that is over to Active again", Expectation.Shows("it stays shut", async (s, answer) =>
        {
            answer.OrThrow();
            await s.UntilAsync(g => g.Status.Phase is GrantPhase.Failed or GrantPhase.Revoked, "over");
        }), async s =>
        {
            await OpenAsync(s);
            var active = (await s.Stage.Cluster.GrantAsync(s.Grant))!.Status;
            await s.EndAsync(s.Stage.Alice);
            await s.UntilAsync(g => g.FinalizersOrEmpty.Count == 0, "proven and let go");
            return await ForgeAsync(s, active);
        }),
        new("Tess", "sets a grant that expired to Active again", Expectation.Shows("it stays shut", async (s, answer) =>
        {
            answer.OrThrow();
            await s.UntilAsync(g => g.Status.Phase is GrantPhase.Failed or GrantPhase.Expired or GrantPhase.Revoked, "over");
        }), async s =>
        {
            await s.PolicyAsync();
            var active = (await s.OpenAsync(s.Stage.Alice, "duration: 30s")).Status;
            await s.UntilAsync(GrantPhase.Expired);
            await s.UntilAsync(g => g.FinalizersOrEmpty.Count == 0, "proven and let go");
            return await ForgeAsync(
                s, active with { Phase = GrantPhase.Active, EndedAt = null, EndReason = null, ExpiresAt = Now.AddHours(1), ActivatedAt = Now });
        }),
        new("Tess", "stretches the end of an active grant", Expectation.Shows("it ends when its policy says", async (s, answer) =>
        {
            answer.OrThrow();
            var grant = await s.UntilAsync(g => g.Status.EndedAt is not null, "over");
            (grant.Status.EndedAt - grant.Status.ActivatedAt).Should().BeLessThan(TimeSpan.FromSeconds(60));
        }), async s =>
        {
            await s.PolicyAsync(duration: "{default: 30s, max: 30s}");
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Tess.PatchAsync($"{s.GrantPath}/status", """{"status":{"expiresAt":"2099-01-01T00:00:00Z"}}""");
        }),
        new("Tess", "wipes the record of an active grant", Expectation.Ends(GrantPhase.Failed, EndReason.Failed, "RecordLost", "breakglassgrants/status"),
            async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync($"{s.GrantPath}/status", """{"status":null}"""); }),
        new("Tess", "calls an active grant expired, so that nobody looks at it", Expectation.Ends(GrantPhase.Expired, null, "Ended"),
            async s => { await OpenAsync(s); return await s.Stage.Tess.PatchAsync($"{s.GrantPath}/status", """{"status":{"phase":"Expired"}}"""); }),
        new("Tess", "widens the recorded access of an active grant",
            Expectation.Ends(GrantPhase.Failed, EndReason.Failed, "RecordForged", "breakglassgrants/status"), async s =>
            {
                await OpenAsync(s);
                return await s.Stage.Tess.PatchAsync(
                    $"{s.GrantPath}/status",
                    $$"""{"status":{"access":[{"name":"pay","roleRef":{"kind":"ClusterRole","name":"edit"},"namespaces":"""
                        + $$"""["{{s.Namespace}}","kube-system"]}]} }""");
            }),
        new("Tess", "clears the record of what was done with a grant", Expectation.RefusedAndUntouched("only the operator writes it"), async s =>
        {
            await SessionAsync(s);
            return await s.Stage.Tess.PatchAsync($"{s.SessionPath}/status", """{"status":{"actions":[]}}""");
        }),
        new("Tess", "gives the record of what was done with a grant another owner", Expectation.RefusedAndUntouched("only the operator writes it"), async s =>
        {
            await SessionAsync(s);
            return await s.Stage.Tess.PatchAsync(s.SessionPath, """{"metadata":{"ownerReferences":null}}""");
        }),
        new("Tess", "deletes the record of what was done with a grant", Expectation.RefusedAndUntouched("delete the grant"), async s =>
        {
            await SessionAsync(s);
            return await s.Stage.Tess.DeleteAsync(s.SessionPath);
        }),
        new("Admin", "deletes all records of what was done at once", Expectation.RefusedAndUntouched("delete the grant"), async s =>
        {
            await SessionAsync(s);
            return await s.Stage.Admin.DeleteAsync($"breakglasssessions?fieldSelector=metadata.name%3D{s.Grant}");
        }),
        new("Admin", "invents what was done with a grant", Expectation.RefusedAndUntouched("only the operator writes it"), async s =>
        {
            await OpenAsync(s);
            return await s.Stage.Admin.CreateAsync(await SessionOf(s));
        }),
        new("Tess", "deletes a grant, and the record of what was done goes with it", Expectation.Shows("both are gone", async (s, answer) =>
        {
            await GoneAsync(s, answer);
            await Eventually.TrueAsync(async () => await s.Look.TryGetAsync<BreakGlassSession>(s.Grant, null, CancellationToken.None) is null,
                expected: "the garbage collector to delete the record");
        }), async s =>
        {
            await SessionAsync(s);
            return await s.Stage.Tess.DeleteAsync(s.GrantPath);
        }),
        new("Tess", "forges what the policy's roles were pinned to", Expectation.Untouched(), async s =>
        {
            await OpenAsync(s);
            return await s.Stage.Tess.PatchAsync($"{s.PolicyPath}/status", """{"status":{"roles":[],"pinnedGeneration":99}}""");
        }),
    ];

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static async Task GoneAsync(Scene s, ApiAnswer answer)
    {
        answer.OrThrow();
        await Eventually.TrueAsync(async () => await s.Stage.Cluster.GrantAsync(s.Grant) is null, expected: "the deleted grant to go");
    }

    /// <summary>An active grant with the record that the operator writes of its use.</summary>
    private static async Task SessionAsync(Scene s)
    {
        await OpenAsync(s);
        (await s.Stage.Thief.CreateAsync(await SessionOf(s))).OrThrow();
        (await s.Stage.Thief.PatchAsync($"{s.SessionPath}/status", """
            {"status":{"policy":"p","actions":[{"observer":"a","id":"1","verb":"get","resource":"secrets","result":"Allowed","count":1}]}}
            """)).OrThrow();
    }

    private static async Task<string> SessionOf(Scene s) => $$"""
        apiVersion: breakglass.dev/v1alpha1
        kind: BreakGlassSession
        metadata:
          name: {{s.Grant}}
          ownerReferences:
          - {apiVersion: breakglass.dev/v1alpha1, kind: BreakGlassGrant, name: {{s.Grant}}, uid: {{(await s.Stage.Cluster.GrantAsync(s.Grant))!.Metadata.Uid}}}
        """;

    private static async Task OpenAsync(Scene s)
    {
        await s.PolicyAsync();
        await s.OpenAsync(s.Stage.Alice);
    }

    private static async Task WaitingAsync(Scene s, string more = Scene.Approval)
    {
        await s.PolicyAsync(more);
        (await s.AskAsync(s.Stage.Alice)).OrThrow();
        await s.UntilAsync(GrantPhase.AwaitingApproval);
    }

    /// <summary>The record that would open access, as the operator would write it.</summary>
    public static GrantStatus Record(Scene s) => new()
    {
        Phase = GrantPhase.Pending, ActivatedAt = Now, ExpiresAt = Now.AddHours(1), Credential = CredentialKind.ServiceAccountToken,
        Access = [new() { Name = "pay", RoleRef = new() { Kind = "ClusterRole", Name = "edit" }, Namespaces = [s.Namespace] }],
        Approvals = [new() { Approver = "carol", Decision = "Approve", At = Now }],
        Transitions = [new() { At = Now, To = GrantPhase.Pending, Actor = "alice", Reason = "Requested" }],
    };

    /// <summary>Writes a status, filled up with what only the grant knows, whatever anybody writes meanwhile.</summary>
    public static async Task<ApiAnswer> ForgeAsync(Scene s, GrantStatus status)
    {
        for (var tries = 1; ; tries++)
        {
            var grant = (await s.Stage.Cluster.GrantAsync(s.Grant))!;
            var policy = await s.Look.GetAsync<BreakGlassPolicy>(s.Policy, null, CancellationToken.None);
            var identity = $"breakglass-grants/{BreakGlass.Core.Model.GrantNames.Identity(grant)}";
            var forged = grant with
            {
                Status = status with
                {
                    ObservedGeneration = grant.Metadata.Generation, PolicyUid = policy.Metadata.Uid,
                    ServiceAccount = status.ExpiresAt is null ? null : identity, CredentialSecret = status.ExpiresAt is null ? null : identity,
                },
            };
            var body = System.Text.Json.JsonSerializer.Serialize(forged, KubeKinds.Of<BreakGlassGrant>().Json);
            var answer = await s.Stage.Tess.SendAsync(HttpMethod.Put, $"/apis/breakglass.dev/v1alpha1/{s.GrantPath}/status", body, "application/json");
            if (answer.Code != 409 || tries == 5) return answer;
        }
    }

    /// <summary>The grant comes to an end, and nobody ever had its access.</summary>
    private static async Task ShutForGoodAsync(Scene s, ApiAnswer answer)
    {
        answer.OrThrow();
        var grant = await s.UntilAsync(g => g.Status.Phase is GrantPhase.Failed or GrantPhase.Denied or GrantPhase.Revoked, "over");
        grant.Status.EndedAt.Should().NotBeNull();
        (await s.Stage.Cluster.EventsAsync(nameof(BreakGlassGrant), s.Grant)).Select(e => e.Reason).Should().NotContain("GrantActivated");
    }

    private static async Task SealedAsync(Scene s, ApiAnswer answer)
    {
        var keys = BreakGlass.Core.Sealing.SealKeys.Read(
            (await s.Look.GetAsync<V1Secret>(BreakGlass.Operator.Sealing.SealKeyring.SecretName, "breakglass-system", CancellationToken.None)).Data);
        BreakGlass.Core.Sealing.Seal.Verify((await s.Stage.Cluster.GrantAsync(s.Grant))!, keys).Should().Be(BreakGlass.Core.Sealing.SealState.Valid);
    }
}
