using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using TestKit;

namespace Integration.Attacks;

/// <summary>Approving oneself, twice, for somebody else, or not at all.</summary>
internal static class ApprovalRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("Alice", "approves her own, and has no right to approve", Expectation.Refused("\"alice\" cannot create resource \"breakglassapprovals\""),
            async s => { await AskedAsync(s); return await s.DecideAsync(s.Stage.Alice); }),
        new("Dora", "approves her own, being an approver",
            Expectation.Refused("'dora' requested this grant", "requesters cannot decide on their own requests"),
            async s => { await AskedAsync(s, s.Stage.Dora); return await s.DecideAsync(s.Stage.Dora); }),
        new("Dora", "approves her own in Carol's name", Expectation.Refused("'dora' requested this grant"), async s => { await AskedAsync(
            s, s.Stage.Dora); return await s.DecideAsync(s.Stage.Dora, more: "approver: {username: carol, groups: [commanders]}"); }),
        new("Dora", "denies her own", Expectation.Refused("requesters cannot decide on their own requests"),
            async s => { await AskedAsync(s, s.Stage.Dora); return await s.DecideAsync(s.Stage.Dora, "Deny"); }),
        new("Dora", "approves her own under a second name in the group, with the same UID", Release.Installed.Minor < 22
            ? Expectation.Shows("not to be had: this server knows no UIDs of impersonated people", (_, _) => Task.CompletedTask)
            : Expectation.Refused("requested this grant, and requesters cannot decide on their own requests"), async s =>
        {
            if (Release.Installed.Minor < 22) return new(200, "");
            await s.PolicyAsync(Scene.Approval);
            (await s.AskAsync(s.Stage.Admin.As("dora", "payments-oncall", uid: "4711"))).OrThrow();
            return await s.DecideAsync(s.Stage.Admin.As("dora-admin", "commanders", uid: "4711"));
        }),
        new("Dora", "approves her own by a second account that nothing ties to her", Expectation.Opens((_, grant) =>
        {
            grant.Status.Approvals.Should().ContainSingle().Which.Approver
                .Should().Be("dora-admin", "nobody can tell, but everybody can see it; see the threat model");
            return Task.CompletedTask;
        }), async s => { await AskedAsync(s, s.Stage.Dora); return await s.DecideAsync(s.Stage.Admin.As("dora-admin", "commanders")); }),
        new("Rita", "approves, being no approver", Expectation.Refused("'rita' is not among the approvers", "Group commanders"),
            async s => { await AskedAsync(s); return await s.DecideAsync(s.Stage.Rita); }),
        new("Rita", "writes herself into the approvers' group", Expectation.Refused("'rita' is not among the approvers"),
            async s => { await AskedAsync(s); return await s.DecideAsync(s.Stage.Rita, more: "approver: {username: carol, groups: [commanders]}"); }),
        new("Thief", "approves with the operator's token", Expectation.Refused("cannot create resource \"breakglassapprovals\""),
            async s => { await AskedAsync(s); return await s.DecideAsync(s.Stage.Thief); }),
        new("Carol", "approves what nobody asked for", Expectation.Refused("BreakGlassGrant", "does not exist"),
            async s => { await s.PolicyAsync(Scene.Approval); return await s.DecideAsync(s.Stage.Carol); }),
        new("Carol", "approves where no approval is asked for", Expectation.RefusedAndUntouched("does not require approval"),
            async s => { await s.PolicyAsync(); await s.OpenAsync(s.Stage.Alice); return await s.DecideAsync(s.Stage.Carol); }),
        new("Carol", "decides neither yes nor no", Expectation.Refused("decision"),
            async s => { await AskedAsync(s); return await s.DecideAsync(s.Stage.Carol, "Perhaps"); }),
        new("Carol", "approves twice where two must", Expectation.Denied("ApprovalTimeout", "1 of 2"), async s =>
        {
            await AskedAsync(s, more: Scene.TwoSoonOver);
            (await s.DecideAsync(s.Stage.Carol)).OrThrow();
            return await s.DecideAsync(s.Stage.Carol);
        }),
        new("Carol", "approves, and so does Chris", Expectation.Opens((_, grant) =>
        {
            grant.Status.Approvals.Select(a => a.Approver).Should().BeEquivalentTo("carol", "chris");
            return Task.CompletedTask;
        }), async s =>
        {
            await AskedAsync(s, more: Scene.Approval.Replace("required: 1", "required: 2", StringComparison.Ordinal));
            (await s.DecideAsync(s.Stage.Carol)).OrThrow();
            return await s.DecideAsync(s.Stage.Chris);
        }),
        new("Carol", "approves what was deleted and asked for again under its name", Expectation.Denied("ApprovalTimeout", "1 of 2"), async s =>
        {
            await AskedAsync(s, more: Scene.TwoSoonOver);
            (await s.DecideAsync(s.Stage.Carol)).OrThrow();
            (await s.Stage.Tess.DeleteAsync(s.GrantPath)).OrThrow();
            await Eventually.TrueAsync(async () => await s.Stage.Cluster.GrantAsync(s.Grant) is null);
            (await s.AskAsync(s.Stage.Alice)).OrThrow();
            return await s.DecideAsync(s.Stage.Chris);
        }),
        new("Tess", "deletes an approval before the second comes", Expectation.Denied("ApprovalTimeout", "1 of 2"), async s =>
        {
            await AskedAsync(s, more: Scene.TwoSoonOver);
            var first = (await s.DecideAsync(s.Stage.Carol)).OrThrow().Json()["metadata"]!["name"]!.GetValue<string>();
            (await s.Stage.Tess.DeleteAsync($"breakglassapprovals/{first}")).OrThrow();
            return await s.DecideAsync(s.Stage.Chris);
        }),
        new("Chris", "says no after Carol said yes",
            Expectation.Ends(GrantPhase.Denied, EndReason.Denied, "DeniedByApprover", "approver 'chris' denied"), async s =>
            {
                await AskedAsync(s, more: Scene.Approval.Replace("required: 1", "required: 2", StringComparison.Ordinal));
                (await s.DecideAsync(s.Stage.Carol)).OrThrow();
                return await s.DecideAsync(s.Stage.Chris, "Deny");
            }),
        new("Tess", "turns a no into a yes", Expectation.Shows("refused, and the grant stays denied", async (s, answer) =>
        {
            answer.Good.Should().BeFalse(answer.Text);
            answer.Says.Should().Contain("an approval cannot be changed");
            (await s.UntilAsync(GrantPhase.Denied)).Status.Transitions[^1].Actor.Should().Be("chris");
        }), async s =>
        {
            await AskedAsync(s);
            var no = (await s.DecideAsync(s.Stage.Chris, "Deny")).OrThrow().Json()["metadata"]!["name"]!.GetValue<string>();
            return await s.Stage.Tess.PatchAsync($"breakglassapprovals/{no}", """{"spec":{"decision":"Approve"}}""");
        }),
        new("Tess", "gives an approval to another grant", Expectation.Refused("an approval cannot be changed"), async s =>
        {
            await AskedAsync(s, more: Scene.Approval.Replace("required: 1", "required: 2", StringComparison.Ordinal));
            var yes = (await s.DecideAsync(s.Stage.Chris)).OrThrow().Json()["metadata"]!["name"]!.GetValue<string>();
            return await s.Stage.Tess.PatchAsync($"breakglassapprovals/{yes}", """{"spec":{"grant":"another"}}""");
        }),
        new("Carol", "approves once more when access is open", Expectation.RefusedAndUntouched("no longer waits for a decision"), async s =>
        {
            await AskedAsync(s);
            (await s.DecideAsync(s.Stage.Carol)).OrThrow();
            await s.UntilAsync(GrantPhase.Active);
            return await s.DecideAsync(s.Stage.Chris);
        }),
        new("Alice", "waits for approvers who do not come", Expectation.Ends(GrantPhase.Denied, EndReason.ApprovalTimeout, "ApprovalTimeout", "0 of 1"),
            async s => { await s.PolicyAsync(Scene.SoonOver); return await s.AskAsync(s.Stage.Alice); }),
        new("Alice", "asks for edit where only reading approves itself", Expectation.Denied("ApprovalTimeout"),
            async s => { await s.PolicyAsync(Automatic); return await s.AskAsync(s.Stage.Alice, "duration: 5m"); }),
        new("Alice", "asks for longer than approves itself", Expectation.Denied("ApprovalTimeout"),
            async s => { await s.PolicyAsync(Automatic, View(s)); return await s.AskAsync(s.Stage.Alice, "duration: 6m"); }),
        new("Alice", "asks shortly, to read", Expectation.Opens((_, grant) =>
        {
            grant.Status.Conditions.Single(c => c.Type == GrantConditions.Approved).Reason.Should().Be("AutoApproved");
            return Task.CompletedTask;
        }), async s => { await s.PolicyAsync(Automatic.Replace("4s", "10m", StringComparison.Ordinal), View(s)); return await s
            .AskAsync(s.Stage.Alice, "duration: 5m"); }),
        new("Alice", "gets the emergency bypass, and asks for it again before a review",
            Expectation.Denied("ApprovalTimeout", "which used it, is reviewed"), async s =>
            {
                await s.PolicyAsync($"{Scene.SoonOver}\nemergencyBypass: {{duration: 2m}}");
                var first = await s.OpenAsync(s.Stage.Alice, "duration: 1h");
                (first.Status.ExpiresAt - first.Status.ActivatedAt).Should().Be(TimeSpan.FromMinutes(2), "it is shorter than what was asked for");
                first.Status.Conditions.Single(c => c.Type == GrantConditions.Approved)
                    .Should().Match<Condition>(c => c.Status == "False" && c.Reason == "EmergencyBypass");
                (await s.EndAsync(s.Stage.Alice)).Status.Conditions.Single(c => c.Type == GrantConditions.Reviewed).Status.Should().Be("False");
                s.About = $"{s.Grant}-2";
                return await s.AskAsync(s.Stage.Alice, name: s.About);
            }),
        new("Alice", "is suspended while she waits", Expectation.Ends(GrantPhase.Denied, EndReason.PolicySuspended, "PolicySuspended"), async s =>
        {
            await AskedAsync(s);
            await s.UntilAsync(GrantPhase.AwaitingApproval);
            await s.CloseAsync();
            return new(200, "");
        }),
        new("Carol", "approves after the policy was suspended",
            Expectation.Shows("the grant stays shut", async (s, _) => await s.UntilAsync(GrantPhase.Denied)), async s =>
            {
                await AskedAsync(s);
                await s.UntilAsync(GrantPhase.AwaitingApproval);
                await s.CloseAsync();

                // The operator hears of the policy and of the approval by two watches.
                await s.UntilPolicyAsync(p => p.Status.ObservedGeneration == p.Metadata.Generation, "the operator to have seen it");
                return await s.DecideAsync(s.Stage.Carol);
            }),
    ];

    private const string Automatic =
        "approval: {required: 1, timeout: 4s, approvers: [{kind: Group, name: commanders}], autoApprove: {maxDuration: 5m, readOnlyOnly: true}}";

    private static string View(Scene s) => $"{{name: pay, roleRef: {{kind: ClusterRole, name: view}}, namespaces: [{s.Namespace}]}}";

    private static async Task AskedAsync(Scene s, Person? who = null, string more = Scene.Approval)
    {
        await s.PolicyAsync(more);
        (await s.AskAsync(who ?? s.Stage.Alice)).OrThrow();
    }
}
