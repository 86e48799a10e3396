using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;

namespace Integration.Attacks;

/// <summary>Getting round the kill switch, the windows, and the borders between namespaces.</summary>
internal static class LockdownRows
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("Mallory", "shuts everything, and has no right to", Expectation.RefusedAndUntouched("cannot create resource \"breakglasslockdowns\""),
            async s => { await OpenAsync(s); return await s.LockAsync(s.Stage.Mallory); }),
        new("Kim", "shuts a policy in Mallory's name", Expectation.Shows("revoked, by Kim", async (s, answer) =>
        {
            answer.OrThrow().Json()["spec"]!["by"]!["username"]!.GetValue<string>().Should().Be("kim");
            var grant = await s.UntilAsync(GrantPhase.Revoked);
            grant.Status.EndReason.Should().Be(EndReason.Lockdown);
            grant.Status.Transitions[^1].Actor.Should().Be("kim");
        }), async s => { await OpenAsync(s); return await s.LockAsync(s.Stage.Kim, more: "by: {username: mallory}"); }),
        new("Kim", "shuts other policies", Expectation.Untouched(),
            async s => { await OpenAsync(s); return await s.LockAsync(s.Stage.Kim, selector: $"{{matchLabels: {{scene: \"not-{s.Id}\"}}}}"); }),
        new("Alice", "asks under a lockdown", Expectation.Denied("Lockdown", "blocks all grants in its scope", "ask kim"),
            async s => { await s.PolicyAsync(); await LockedAsync(s); return await s.AskAsync(s.Stage.Alice); }),
        new("Carol", "approves under a lockdown", Expectation.Shows(
            "the grant is denied", async (s, _) => (await s.UntilAsync(GrantPhase.Denied)).Status.EndReason.Should().Be(EndReason.Lockdown)), async s =>
            {
                await s.PolicyAsync(Scene.Approval);
                (await s.AskAsync(s.Stage.Alice)).OrThrow();
                await LockedAsync(s);
                return await s.DecideAsync(s.Stage.Carol);
            }),
        new("Kim", "narrows a lockdown", Expectation.Refused("a lockdown cannot be changed"),
            async s => { await s.PolicyAsync(); (await s.LockAsync(s.Stage.Kim)).OrThrow(); return await s.Stage.Tess.PatchAsync(
                $"breakglasslockdowns/lock-{s.Id}", """{"spec":{"policySelector":{"matchLabels":{"a":"b"}}}}"""); }),
        new("Kim", "gives no reason", Expectation.RefusedAndUntouched("reason"),
            async s => { await OpenAsync(s); return await s.LockAsync(s.Stage.Kim, reason: " "); }),
        new("Alice", "lifts a lockdown, and has no right to", Expectation.Refused("cannot delete resource \"breakglasslockdowns\""),
            async s => { await s.PolicyAsync(); (await s.LockAsync(s.Stage.Kim)).OrThrow(); return await s.Stage.Alice
                .DeleteAsync($"breakglasslockdowns/lock-{s.Id}"); }),
        new("Kim", "lifts a lockdown: what it ended stays over", Expectation.Shows("the old grant stays over, a new one opens", async (s, answer) =>
        {
            answer.OrThrow();
            (await s.Stage.Cluster.GrantAsync(s.Grant))!.Status.Phase.Should().Be(GrantPhase.Revoked);
            await Expectation.Opens().CheckAsync(s, answer);
        }), async s =>
        {
            await OpenAsync(s);
            (await s.LockAsync(s.Stage.Kim)).OrThrow();
            await s.UntilAsync(GrantPhase.Revoked);
            (await s.Stage.Kim.DeleteAsync($"breakglasslockdowns/lock-{s.Id}")).OrThrow();
            return await AgainAsync(s);
        }),
        new("Alice", "asks ten times while Kim shuts", Expectation.Shows("all are over, whether they had opened or not", async (s, answer) =>
        {
            answer.OrThrow();
            await Eventually.TrueAsync(
                async () => (await s.GrantsAsync()) is { Count: 10 } all && all.All(g => g.Status.IsTerminal), expected: "ten grants that are over");
            (await s.GrantsAsync()).Should().OnlyContain(g => g.Status.EndReason == EndReason.Lockdown);
        }), async s =>
        {
            await s.PolicyAsync();
            var asked = Enumerable.Range(0, 10).Select(i => s.AskAsync(s.Stage.Alice, name: $"{s.Grant}-{i}")).ToList();
            await Task.WhenAny(asked);
            var shut = await s.LockAsync(s.Stage.Kim);
            foreach (var answer in await Task.WhenAll(asked)) answer.OrThrow();
            return shut;
        }),
        new("Tess", "labels the grants' namespace into a selector", Expectation.Untouched(async (s, _) =>
        {
            await s.UntilPolicyAsync(p => p.Status.ActiveGrants == 1, "an active grant");
            (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = "breakglass-grants" }, CancellationToken.None)).Items
                .Should().NotContain(b => b.RoleRef.Name == "edit");
        }), async s =>
        {
            await s.PolicyAsync(access: Selecting(s));
            await LabelAsync(s, s.Namespace, "true");
            await s.OpenAsync(s.Stage.Alice);
            return await LabelAsync(s, "breakglass-grants", "true");
        }),
        new("Tess", "labels a namespace into the selector of a narrowed grant", Expectation.Untouched(async (s, _) =>
        {
            var other = $"other-{s.Id}";
            (await s.Look.ListAsync<V1RoleBinding>(new() { Namespace = other }, CancellationToken.None)).Items
                .Should().BeEmpty("the grant asked for one namespace");
        }), async s =>
        {
            await s.Look.CreateAsync(new V1Namespace { Metadata = new() { Name = $"other-{s.Id}" } }, CancellationToken.None);
            await s.PolicyAsync(access: Selecting(s));
            await LabelAsync(s, s.Namespace, "true");
            await s.OpenAsync(s.Stage.Alice, $"namespaces: [{s.Namespace}]");
            return await LabelAsync(s, $"other-{s.Id}", "true");
        }),
        new("Tess", "labels a namespace out of the selector", Expectation.Shows("access is cut there", async (s, answer) =>
        {
            answer.OrThrow();
            await Eventually.TrueAsync(async () => (await s.Look
                .ListAsync<V1RoleBinding>(new() { Namespace = s.Namespace }, CancellationToken.None)).Items.Count == 0, expected: "no binding there");
            await s.CloseAsync();
        }), async s =>
        {
            await s.PolicyAsync(
                access: $"{{name: pay, roleRef: {{kind: ClusterRole, name: edit}}, namespaceSelector: {{matchLabels: {{scene: \"{s.Id}\"}}}}}}");
            await s.OpenAsync(s.Stage.Alice);
            return await s.Stage.Tess.SendAsync(
                HttpMethod.Patch, $"/api/v1/namespaces/{s.Namespace}", """{"metadata":{"labels":{"scene":null}}}""", "application/merge-patch+json");
        }),
        new("Alice", "asks outside the window", Expectation.Denied("OutsideWindow", "the next window starts"),
            async s => { await s.PolicyAsync(Window(Now.AddHours(3), Now.AddHours(4)), mode: "TimeBoxed"); return await s.AskAsync(s.Stage.Alice); }),
        new("Alice", "plans a start that lies in no window", Expectation.Denied("OutsideWindow"), async s => { await s.PolicyAsync(Window(Now.AddHours(-1),
            Now.AddHours(1)), mode: "TimeBoxed"); return await s.AskAsync(s.Stage.Alice, $"startTime: {Now.AddHours(3):yyyy-MM-ddTHH:mm:ssZ}"); }),
        new("Alice", "plans a start in two months", Expectation.Denied("StartTimeTooFar", "more than 30 days"), async s =>
        {
            await s.PolicyAsync(Window(Now.AddHours(-1), Now.AddHours(1)), mode: "TimeBoxed");
            return await s.AskAsync(s.Stage.Alice, $"startTime: {Now.AddDays(60):yyyy-MM-ddTHH:mm:ssZ}");
        }),
        new("Alice", "plans a start that is past", Expectation.Opens((_, grant) =>
        {
            (grant.Status.ActivatedAt - grant.Metadata.CreatedAt).Should().BePositive("it counts from now");
            return Task.CompletedTask;
        }), async s => { await s.PolicyAsync(Window(Now.AddHours(-1), Now.AddHours(1)), mode: "TimeBoxed"); return await s
            .AskAsync(s.Stage.Alice, "startTime: 2020-01-01T00:00:00Z"); }),
        new("Alice", "asks for longer than the window is open", Expectation.Opens((_, grant) =>
        {
            grant.Status.ExpiresAt!.Value.Should().BeBefore(grant.Status.ActivatedAt!.Value.AddMinutes(32));
            grant.Status.ExpiresAt.Value.Second.Should().Be(0, "it ends with the window");
            return Task.CompletedTask;
        }), async s => { await s.PolicyAsync(Window(Now.AddHours(-1), Now.AddMinutes(30)), mode: "TimeBoxed"); return await s
            .AskAsync(s.Stage.Alice, "duration: 1h"); }),
        new("Alice", "is revoked while she waits for the start", Expectation.Shows("revoked, and it never opened", async (s, answer) =>
        {
            answer.OrThrow();
            (await s.UntilAsync(GrantPhase.Revoked)).Status.ActivatedAt.Should().BeNull();
        }), async s =>
        {
            await s.PolicyAsync(Window(Now.AddHours(-1), Now.AddHours(1)), mode: "TimeBoxed");
            (await s.AskAsync(s.Stage.Alice, $"startTime: {Now.AddMinutes(30):yyyy-MM-ddTHH:mm:ssZ}")).OrThrow();
            await s.UntilAsync(GrantPhase.Scheduled);
            return await s.Stage.Carol.PatchAsync(s.GrantPath, """{"spec":{"revoke":{}}}""");
        }),
        new("Tess", "forges the record of a grant outside its window", Expectation.Shows("access does not open", async (s, answer) =>
        {
            answer.OrThrow();
            await s.UntilAsync(g => g.Status.Phase is GrantPhase.Revoked or GrantPhase.Failed or GrantPhase.Denied, "over");
        }), async s =>
        {
            await s.PolicyAsync(Window(Now.AddHours(3), Now.AddHours(4)), mode: "TimeBoxed");
            (await s.AskAsync(s.Stage.Alice)).OrThrow();
            await s.UntilAsync(GrantPhase.Denied);
            return await RecordRows.ForgeAsync(s, RecordRows.Record(s));
        }),
    ];

    /// <summary>A window, daily, between two instants, cut to minutes.</summary>
    public static string Window(DateTimeOffset from, DateTimeOffset to) => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"schedule: {{timeZone: Etc/UTC, windows: [{{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], start: \"{from:HH:mm}\", end: \"{to:HH:mm}\"}}]}}");

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private static string Selecting(Scene s) =>
        $"{{name: pay, roleRef: {{kind: ClusterRole, name: edit}}, namespaceSelector: {{matchExpressions: [{{key: in-{s.Id}, operator: Exists}}]}}}}";

    private static async Task OpenAsync(Scene s)
    {
        await s.PolicyAsync();
        await s.OpenAsync(s.Stage.Alice);
    }

    /// <summary>Kim shuts the policy, and the operator knows it: what is asked or decided after that is denied, not opened and revoked.</summary>
    private static async Task LockedAsync(Scene s)
    {
        (await s.LockAsync(s.Stage.Kim)).OrThrow();
        await Eventually.TrueAsync(
            async () => (await s.Look.GetAsync<BreakGlassLockdown>($"lock-{s.Id}", null, CancellationToken.None)).Status.Conditions.Count > 0,
            expected: "a lockdown that the operator knows");
    }

    private static Task<ApiAnswer> AgainAsync(Scene s)
    {
        s.About = $"{s.Grant}-2";
        return s.AskAsync(s.Stage.Alice, name: s.About);
    }

    private static Task<ApiAnswer> LabelAsync(Scene s, string ns, string value) =>
        s.Stage.Tess.SendAsync(
            HttpMethod.Patch, $"/api/v1/namespaces/{ns}", $$"""{"metadata":{"labels":{"in-{{s.Id}}":"{{value}}"} } }""", "application/merge-patch+json");
}
