using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;

namespace Integration.Attacks;

/// <summary>More at a time, sooner, or without being looked at.</summary>
internal static class LimitRows
{
    private const string Review = "review: {required: true, reviewers: [{kind: Group, name: security}]}";
    private const string Blocks = "review: {required: true, blockRequesterUntilReviewed: true, reviewers: [{kind: Group, name: security}]}";
    private const string ApprovedBySecurity = "approval: {required: 1, timeout: 10m, approvers: [{kind: Group, name: security}]}\nreview: {required: true, "
        + "reviewers: [{kind: Group, name: security}]}";

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Alice and Bob", "ask 50 times at once where 5 is the most", AtMost(5, 50),
            async s => { await s.PolicyAsync("limits: {maxActive: 5}"); return await ManyAsync(s, 50, i => i % 2 == 0 ? s.Stage.Alice : s.Stage.Bob); }),
        new("Alice", "asks 10 times at once where one each is the most", AtMost(1, 10),
            async s => { await s.PolicyAsync("limits: {maxActivePerRequester: 1}"); return await ManyAsync(s, 10, _ => s.Stage.Alice); }),
        new("Alice", "asks for a second where one each is the most", Denied("LimitReached", "allows one requester at most 1", "'alice' has 1"),
            async s => { await s.PolicyAsync("limits: {maxActivePerRequester: 1}"); await s.OpenAsync(s.Stage.Alice); return await SecondAsync(
                s, s.Stage.Alice); }),
        new("Tess", "wipes the policy's record of who holds a place", Denied("LimitReached"), async s =>
        {
            await s.PolicyAsync("limits: {maxActive: 1}");
            await s.OpenAsync(s.Stage.Alice);
            (await s.Stage.Tess.PatchAsync($"{s.PolicyPath}/status", """{"status":{"holders":[]}}""")).OrThrow();
            return await SecondAsync(s, s.Stage.Bob);
        }),
        new("Alice", "asks again while she cools down", Expectation.Denied("CoolingDown", "create a new grant after"), async s => { await s.PolicyAsync(
            "limits: {cooldown: 10m}"); await s.OpenAsync(s.Stage.Alice); await s.EndAsync(s.Stage.Alice); return await SecondAsync(s, s.Stage.Alice); }),
        new("Bob", "asks while only Alice cools down", Expectation.Opens(), async s => { await s.PolicyAsync("limits: {cooldown: 10m}"); await s
            .OpenAsync(s.Stage.Alice); await s.EndAsync(s.Stage.Alice); return await SecondAsync(s, s.Stage.Bob); }),
        new("Alice", "has her grant deleted, to ask anew without cooling down", Expectation.Denied("CoolingDown"), async s =>
        {
            await s.PolicyAsync("limits: {cooldown: 10m}");
            await s.OpenAsync(s.Stage.Alice);
            (await s.Stage.Tess.DeleteAsync(s.GrantPath)).OrThrow();
            await Eventually.TrueAsync(async () => await s.Stage.Cluster.GrantAsync(s.Grant) is null, expected: "the deleted grant to go");
            return await s.AskAsync(s.Stage.Alice);
        }),
        new("Alice", "asks again before her last was reviewed", Expectation.Denied("ReviewPending", "is not reviewed yet", "Group security"),
            async s => { await s.PolicyAsync(Blocks); await s.OpenAsync(s.Stage.Alice); await s.EndAsync(s.Stage.Alice); return await SecondAsync(
                s, s.Stage.Alice); }),
        new("Rita", "reviews, and Alice may ask again", Expectation.Opens(), async s =>
        {
            await s.PolicyAsync(Blocks);
            await s.OpenAsync(s.Stage.Alice);
            await s.EndAsync(s.Stage.Alice);
            (await s.ReviewAsync(s.Stage.Rita)).OrThrow();
            await s.UntilAsync(g => Conditions.IsTrue(g.Status.Conditions, GrantConditions.Reviewed), "reviewed");
            return await SecondAsync(s, s.Stage.Alice);
        }),
        new("Alice", "reviews her own, and has no right to review", Expectation.Refused("\"alice\" cannot create resource \"breakglassreviews\""),
            async s => { await EndedAsync(s); return await s.ReviewAsync(s.Stage.Alice); }),
        new("Dora", "reviews her own, being a reviewer", Expectation.Refused("'dora' had this access", "requesters cannot review their own access"),
            async s => { await EndedAsync(s, s.Stage.Dora); return await s.ReviewAsync(s.Stage.Dora); }),
        new("Dora", "reviews her own in Rita's name", Expectation.Refused("'dora' had this access"),
            async s => { await EndedAsync(s, s.Stage.Dora); return await s.ReviewAsync(s.Stage.Dora, "reviewer: {username: rita, groups: [security]}"); }),
        new("Sue", "reviews what she approved", Expectation.Refused("'sue' decided on this grant"), async s =>
        {
            await s.PolicyAsync(ApprovedBySecurity);
            (await s.AskAsync(s.Stage.Alice)).OrThrow();
            (await s.DecideAsync(s.Stage.Sue)).OrThrow();
            await s.UntilAsync(GrantPhase.Active);
            await s.EndAsync(s.Stage.Alice);
            return await s.ReviewAsync(s.Stage.Sue);
        }),
        new("Carol", "reviews, being no reviewer", Expectation.Refused("'carol' is not among the reviewers"),
            async s => { await EndedAsync(s); return await s.ReviewAsync(s.Stage.Carol, "reviewer: {username: rita, groups: [security]}"); }),
        new("Rita", "reviews what is still active", Expectation.RefusedAndUntouched("still gives access"),
            async s => { await s.PolicyAsync(Review); await s.OpenAsync(s.Stage.Alice); return await s.ReviewAsync(s.Stage.Rita); }),
        new("Rita", "reviews what never gave access", Expectation.Refused("never gave access"), async s =>
        {
            await s.PolicyAsync(ApprovedBySecurity);
            (await s.AskAsync(s.Stage.Alice)).OrThrow();
            (await s.DecideAsync(s.Stage.Sue, "Deny")).OrThrow();
            await s.UntilAsync(GrantPhase.Denied);
            return await s.ReviewAsync(s.Stage.Rita);
        }),
        new("Sue", "reviews once more, to another end", Expectation.Refused("was already reviewed"),
            async s => { await ReviewedAsync(s); return await s.ReviewAsync(s.Stage.Sue); }),
        new("Tess", "changes what a reviewer found", Expectation.Refused("a review cannot be changed"), async s =>
        {
            var review = await ReviewedAsync(s);
            return await s.Stage.Tess.PatchAsync($"breakglassreviews/{review}", """{"spec":{"outcome":"Misused"}}""");
        }),
    ];

    private static Expectation Denied(string reason, params string[] says) =>
        Expectation.Shows($"denied, {reason}, and the first goes on", async (s, answer) =>
    {
        await Expectation.Denied(reason, says).CheckAsync(s, answer);
        await s.StillActiveAsync(s.Grant);
        await s.CloseAsync();
    });

    /// <summary>Of all that were ever asked for, exactly so many were ever active.</summary>
    private static Expectation AtMost(int most, int asked) => Expectation.Shows($"{most} of {asked} open, never more", async (s, answer) =>
    {
        answer.OrThrow();
        IReadOnlyList<BreakGlassGrant> grants = [];
        await Eventually.TrueAsync(
            async () => (grants = await s.GrantsAsync()).Count == asked && grants.All(g => g.Status.Phase is GrantPhase.Active or GrantPhase.Denied),
            () => string.Join("\n", grants.GroupBy(g => g.Status.Phase).Select(g => $"{g.Key}: {g.Count()}")), expected: $"{asked} decided grants");
        grants.Count(g => g.Status.IsRecorded).Should().Be(most);
        grants.Where(g => g.Status.Phase is GrantPhase.Denied).Should().OnlyContain(g => g.Status.Conditions.Any(c => c.Reason == "LimitReached"));
        await s.CloseAsync();
    });

    private static async Task<ApiAnswer> ManyAsync(Scene s, int count, Func<int, Person> who)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, count).Select(i => s.AskAsync(who(i), name: $"{s.Grant}-{i}")));
        return answers.FirstOrDefault(a => !a.Good) ?? answers[0];
    }

    private static Task<ApiAnswer> SecondAsync(Scene s, Person who)
    {
        s.About = $"{s.Grant}-2";
        return s.AskAsync(who, name: s.About);
    }

    private static async Task EndedAsync(Scene s, Person? who = null)
    {
        await s.PolicyAsync(Review);
        await s.OpenAsync(who ?? s.Stage.Alice);
        await s.EndAsync(who ?? s.Stage.Alice);
    }

    private static async Task<string> ReviewedAsync(Scene s)
    {
        await EndedAsync(s);
        var review = (await s.ReviewAsync(s.Stage.Rita)).OrThrow().Json()["metadata"]!["name"]!.GetValue<string>();
        await s.UntilAsync(g => Conditions.IsTrue(g.Status.Conditions, GrantConditions.Reviewed), "reviewed");
        return review;
    }
}
