using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Integration.Attacks;
using Kube.Client;
using Xunit;
using Xunit.Abstractions;

namespace Integration.Modes;

/// <summary>Each way to access from end to end, as it is meant to go, with webhooks, seals and real users.</summary>
[Collection(nameof(OneAttackedCluster))]
public sealed class ModeTests(AttackedCluster stage, SharedBatch batch, ITestOutputHelper output)
{
    internal static IReadOnlyList<Row> All { get; } =
    [
        Story("A planned change", "waits for its start, opens on the moment, and ends with the window", TimeBoxedAsync),
        Story("Just in time", "two commanders agree, and access is theirs who asked, and no longer than asked", JustInTimeAsync),
        Story("Break glass", "opens at once, is reviewed late, and the next one waits for that", BreakGlassAsync),
        Story("A lockdown", "ends what is active and counts it, keeps shut, and is lifted", LockdownAsync),
        Story("A suspended policy", "ends what is active, gives nothing, and goes on when it is let", SuspendedAsync),
    ];

    public static TheoryData<string> Stories => Row.Names(All);

    [Theory]
    [MemberData(nameof(Stories))]
    public Task It_goes_as_it_is_meant_to(string story) => batch.PlayAsync(stage, AttackTests.AllRows, story, output);

    private static Row Story(string who, string does, Func<Scene, Task> tell) =>
        new(who, does, Expectation.Shows("as it is meant to", (_, _) => Task.CompletedTask), async s =>
        {
            await tell(s);
            return new(200, "");
        });

    private static async Task JustInTimeAsync(Scene s)
    {
        await s.PolicyAsync(Scene.Approval.Replace("required: 1", "required: 2", StringComparison.Ordinal) + "\nreview: {required: false}");
        (await s.AskAsync(s.Stage.Alice, "duration: 30s\nticket: INC-4711")).OrThrow();
        var waiting = await s.UntilAsync(GrantPhase.AwaitingApproval);
        waiting.Status.ExpiresAt.Should().BeNull("its time has not begun");
        (await s.DecideAsync(s.Stage.Carol, more: "comment: go")).OrThrow();
        await s.UntilAsync(g => g.Status.Approvals.Count == 1, "one approval");
        (await s.Stage.MayAsync(s.Stage.Alice, s.Namespace)).Should().BeFalse();
        (await s.DecideAsync(s.Stage.Chris)).OrThrow();
        var active = await s.UntilAsync(GrantPhase.Active);
        active.Status.Approvals.Select(a => a.Approver).Should().BeEquivalentTo("carol", "chris");
        active.Status.ActivatedAt.Should().BeOnOrAfter(active.Status.Approvals[^1].At, "its time begins with the last approval");
        var ended = await s.UntilAsync(GrantPhase.Expired);
        ended.Status.Transitions.Select(t => t.To).Should().Equal(GrantPhase.AwaitingApproval, GrantPhase.Pending, GrantPhase.Active, GrantPhase.Expired);
        await ProvenAsync(s, s.Grant);
        await ToldAsync(s, "GrantRequested", "GrantApproved", "GrantActivated", "GrantExpired");
    }

    private static async Task TimeBoxedAsync(Scene s)
    {
        // Far enough away that only a hang misses them: the start when it is asked for, the end when the start is acted on. Windows are of whole minutes.
        var now = TimeProvider.System.GetUtcNow();
        var start = DateTimeOffset.FromUnixTimeSeconds(now.AddSeconds(30).ToUnixTimeSeconds());
        var end = new DateTimeOffset(start.Year, start.Month, start.Day, start.Hour, start.Minute, 0, TimeSpan.Zero).AddMinutes(2);
        await s.PolicyAsync(LockdownRows.Window(now.AddMinutes(-5), end), mode: "TimeBoxed");
        (await s.AskAsync(s.Stage.Alice, $"startTime: {start:yyyy-MM-ddTHH:mm:ssZ}\nduration: 1h")).OrThrow();
        var scheduled = await s.UntilAsync(GrantPhase.Scheduled);
        if (scheduled.Status.Phase is GrantPhase.Scheduled) scheduled.Status.ExpiresAt.Should().BeNull("its time has not begun");
        var active = await s.UntilAsync(GrantPhase.Active);
        active.Status.ActivatedAt.Should().BeOnOrAfter(start).And.BeBefore(end, "it opens on the moment, as fast as a busy machine can");
        active.Status.ExpiresAt.Should().Be(end, "an hour was asked for, and the window ends sooner");
        await Eventually.AtAsync(end);
        var ended = await s.UntilAsync(GrantPhase.Expired);
        ended.Status.EndedAt.Should().BeOnOrAfter(end).And.BeBefore(end.AddMinutes(1), "nobody but the operator itself is asked to end it");
        (await s.AskAsync(s.Stage.Alice, name: $"{s.Grant}-2")).OrThrow();
        (await s.UntilAsync(GrantPhase.Denied, $"{s.Grant}-2")).Status.Conditions.Should().Contain(c => c.Reason == "OutsideWindow");
        await ToldAsync(s, "GrantRequested", "GrantScheduled", "GrantActivated", "GrantExpired");
    }

    private static async Task BreakGlassAsync(Scene s)
    {
        await s.PolicyAsync(
            "review: {within: 3s, blockRequesterUntilReviewed: true, reviewers: [{kind: Group, name: security}]}\noveruse: {activations: 1, window: 1h}");
        await s.OpenAsync(s.Stage.Alice, "duration: 30m");
        await s.EndAsync(s.Stage.Alice);
        var overdue = await s.UntilAsync(g => Reviewed(g)?.Reason == GrantConditions.ReviewOverdue, "overdue");
        Reviewed(overdue)!.Status.Should().Be("False");
        await s.UntilPolicyAsync(p => Conditions.IsTrue(p.Status.Conditions, "Overused"), "overused");
        var second = $"{s.Grant}-2";
        (await s.AskAsync(s.Stage.Alice, name: second)).OrThrow();
        (await s.UntilAsync(GrantPhase.Denied, second)).Status.Conditions.Should().Contain(c => c.Reason == "ReviewPending" && c.Message.Contains(s.Grant));
        (await s.ReviewAsync(s.Stage.Rita, "comment: was needed\n  followUp: OPS-99")).OrThrow();
        var reviewed = await s.UntilAsync(g => Reviewed(g)?.Status == "True", "reviewed");
        Reviewed(reviewed)!.Reason.Should().Be("Justified");
        var third = $"{s.Grant}-3";
        await s.OpenAsync(s.Stage.Alice, name: third);
        await s.EndAsync(s.Stage.Alice, third);
        await ToldAsync(s, "GrantRequested", "GrantActivated", "GrantRevoked", "ReviewOverdue", "GrantReviewed");
    }

    private static async Task LockdownAsync(Scene s)
    {
        await s.PolicyAsync();
        var names = Enumerable.Range(0, 4).Select(i => $"{s.Grant}-{i}").ToList();
        foreach (var name in names) await s.OpenAsync(s.Stage.Alice, name: name);
        (await s.LockAsync(s.Stage.Kim)).OrThrow();
        foreach (var name in names) (await s.UntilAsync(GrantPhase.Revoked, name)).Status.EndReason.Should().Be(EndReason.Lockdown);
        (await s.AskAsync(s.Stage.Bob)).OrThrow();
        await s.UntilAsync(GrantPhase.Denied);
        BreakGlassLockdown? lockdown = null;
        await Eventually.TrueAsync(async () =>
        {
            lockdown = await s.Look.GetAsync<BreakGlassLockdown>($"lock-{s.Id}", null, CancellationToken.None);
            return lockdown.Status.CompletedAt is not null;
        }, () => $"{lockdown?.Status}", expected: "a lockdown that is complete");
        lockdown!.Status.Revoked.Should().Be(4);
        lockdown.Status.Conditions.Should().OnlyContain(c => c.Status == "True").And.HaveCount(2);
        foreach (var name in names) await ProvenAsync(s, name);
        await Eventually.TrueAsync(async () => (await s.Stage.Cluster.EventsAsync(nameof(BreakGlassLockdown), $"lock-{s.Id}"))
            .Any(e => e is { Type: "Warning", Reason: "LockdownEngaged" }));
        (await s.Stage.Kim.DeleteAsync($"breakglasslockdowns/lock-{s.Id}")).OrThrow();
        await s.OpenAsync(s.Stage.Alice, name: $"{s.Grant}-after");
        await s.EndAsync(s.Stage.Alice, $"{s.Grant}-after");
    }

    private static async Task SuspendedAsync(Scene s)
    {
        await s.PolicyAsync();
        await s.OpenAsync(s.Stage.Alice);
        (await s.Stage.Lena.PatchAsync(s.PolicyPath, """{"spec":{"suspended":true}}""")).OrThrow();
        (await s.UntilAsync(GrantPhase.Revoked)).Status.EndReason.Should().Be(EndReason.PolicySuspended);
        await s.UntilPolicyAsync(p => p.Status.Conditions.Any(c => c is { Type: "Ready", Status: "False", Reason: "Suspended" }), "not ready");
        (await s.AskAsync(s.Stage.Alice, name: $"{s.Grant}-2")).Says.Should().Contain("is suspended");
        (await s.Stage.Admin.PatchAsync(s.PolicyPath, """{"spec":{"suspended":false}}""")).OrThrow();
        await s.OpenAsync(s.Stage.Alice, name: $"{s.Grant}-3");
        await s.EndAsync(s.Stage.Alice, $"{s.Grant}-3");
    }

    private static Condition? Reviewed(BreakGlassGrant grant) => Conditions.Find(grant.Status.Conditions, GrantConditions.Reviewed);

    private static Task ProvenAsync(Scene s, string grant) =>
        s.UntilAsync(g => Conditions.IsTrue(g.Status.Conditions, GrantConditions.Revoked) && g.FinalizersOrEmpty.Count == 0, "proven", grant);

    /// <summary>Events are sent in their own time.</summary>
    private static async Task ToldAsync(Scene s, params string[] reasons)
    {
        IReadOnlyList<string> told = [];
        await Eventually.TrueAsync(async () => (told = [.. (await s.Stage.Cluster.EventsAsync(nameof(BreakGlassGrant), s.Grant)).Select(e => e.Reason)])
            .Intersect(reasons).Count() == reasons.Length,
            () => string.Join(", ", told), expected: string.Join(", ", reasons));
    }
}
