using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using FluentAssertions;
using Xunit;

namespace Integration.Attacks;

/// <summary>One line of the table: who does what, and what must come of it.</summary>
/// <param name="Who">Who.</param>
/// <param name="Does">What; unique in the table.</param>
/// <param name="Expected">What must come of it.</param>
/// <param name="Act">Does it, after whatever has to be there first; gives the answer to the attack itself.</param>
internal sealed record Row(string Who, string Does, Outcome Expected, Func<Scene, Task<Answer>> Act)
{
    /// <summary>What has to be there before the deeds of the whole table begin; null where nothing has to.</summary>
    public Func<Scene, Task>? Prepare { get; init; }

    /// <summary>The line's name in reports.</summary>
    public string Name => $"{Who}: {Does}";

    /// <summary>The names of lines, for a theory.</summary>
    public static TheoryData<string> Names(IEnumerable<Row> rows) => [.. rows.Select(r => r.Name)];
}

/// <summary>What must come of an attack.</summary>
/// <param name="Text">In words.</param>
/// <param name="CheckAsync">Asserts it.</param>
internal sealed record Outcome(string Text, Func<Scene, Answer, Task> CheckAsync)
{
    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The API server or a webhook refuses it, in these words.</summary>
    public static Outcome Refused(params string[] says) => new($"refused: {string.Join(", ", says)}", (_, answer) =>
    {
        IsRefused(answer, says);
        return Task.CompletedTask;
    });

    /// <summary>It is refused in these words, and the grant that was attacked goes on as it was.</summary>
    public static Outcome RefusedAndUntouched(params string[] says) => new($"refused, and nothing changes: {string.Join(", ", says)}", async (scene, answer) =>
    {
        IsRefused(answer, says);
        await scene.StillActiveAsync(scene.About);
        await scene.CloseAsync();
    });

    /// <summary>It is accepted and changes nothing: the grant that was attacked goes on as it was.</summary>
    public static Outcome Untouched(Func<Scene, Answer, Task>? more = null) => new("accepted, and nothing changes", async (scene, answer) =>
    {
        answer.OrThrow();
        if (more is not null) await more(scene, answer);
        await scene.StillActiveAsync(scene.About);
        await scene.CloseAsync();
    });

    /// <summary>The request is taken, and the grant is then denied for this reason, in these words.</summary>
    public static Outcome Denied(string reason, params string[] says) => Ends(GrantPhase.Denied, null, reason, says);

    /// <summary>The grant ends so.</summary>
    public static Outcome Ends(GrantPhase phase, EndReason? endReason, string reason, params string[] says) =>
        new($"{phase} {endReason}, {reason}: {string.Join(", ", says)}", async (scene, answer) =>
        {
            answer.OrThrow();
            await scene.UntilAsync(phase, scene.About);
            var grant = await scene.UntilAsync(g => g.Status.Conditions.Any(c => c.Reason == reason), $"{phase}, {reason}", scene.About);
            if (endReason is not null) grant.Status.EndReason.Should().Be(endReason, Incident.Show(grant));
            var condition = grant.Status.Conditions.Where(c => c.Reason == reason).Should().NotBeEmpty(Incident.Show(grant)).And.Subject.First();
            foreach (var words in says) condition.Message.Should().Contain(words);
        });

    /// <summary>Access opens, as it should; then the policy is suspended and it ends.</summary>
    public static Outcome Opens(Func<Scene, BreakGlassGrant, Task>? more = null) => new("opens, as it should", async (scene, answer) =>
    {
        answer.OrThrow();
        var grant = await scene.UntilAsync(GrantPhase.Active, scene.About);
        if (more is not null) await more(scene, grant);
        await scene.CloseAsync();
    });

    /// <summary>What these lines assert.</summary>
    public static Outcome Shows(string text, Func<Scene, Answer, Task> check) => new(text, check);

    private static void IsRefused(Answer answer, string[] says)
    {
        answer.Code.Should().BeInRange(400, 499, answer.Says);
        foreach (var words in says) answer.Says.Should().Contain(words);
    }
}
