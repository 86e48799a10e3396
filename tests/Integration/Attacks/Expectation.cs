using BreakGlass.Core.Api;
using FluentAssertions;

namespace Integration.Attacks;

/// <summary>What must come of an attack.</summary>
/// <param name="Text">In words.</param>
/// <param name="CheckAsync">Asserts it.</param>
internal sealed record Expectation(string Text, Func<Scene, ApiAnswer, Task> CheckAsync)
{
    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The API server or a webhook refuses it, in these words.</summary>
    public static Expectation Refused(params string[] says) => new($"refused: {string.Join(", ", says)}", (_, answer) =>
    {
        IsRefused(answer, says);
        return Task.CompletedTask;
    });

    /// <summary>It is refused in these words, and the grant that was attacked goes on as it was.</summary>
    public static Expectation RefusedAndUntouched(params string[] says) =>
        new($"refused, and nothing changes: {string.Join(", ", says)}", async (scene, answer) =>
    {
        IsRefused(answer, says);
        await scene.StillActiveAsync(scene.About);
        await scene.CloseAsync();
    });

    /// <summary>It is accepted and changes nothing: the grant that was attacked goes on as it was.</summary>
    public static Expectation Untouched(Func<Scene, ApiAnswer, Task>? more = null) => new("accepted, and nothing changes", async (scene, answer) =>
    {
        answer.OrThrow();
        if (more is not null) await more(scene, answer);
        await scene.StillActiveAsync(scene.About);
        await scene.CloseAsync();
    });

    /// <summary>The request is taken, and the grant is then denied for this reason, in these words.</summary>
    public static Expectation Denied(string reason, params string[] says) => Ends(GrantPhase.Denied, null, reason, says);

    /// <summary>The grant ends so.</summary>
    public static Expectation Ends(GrantPhase phase, EndReason? endReason, string reason, params string[] says) =>
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
    public static Expectation Opens(Func<Scene, BreakGlassGrant, Task>? more = null) => new("opens, as it should", async (scene, answer) =>
    {
        answer.OrThrow();
        var grant = await scene.UntilAsync(GrantPhase.Active, scene.About);
        if (more is not null) await more(scene, grant);
        await scene.CloseAsync();
    });

    /// <summary>What these lines assert.</summary>
    public static Expectation Shows(string text, Func<Scene, ApiAnswer, Task> check) => new(text, check);

    private static void IsRefused(ApiAnswer answer, string[] says)
    {
        answer.Code.Should().BeInRange(400, 499, answer.Says);
        foreach (var words in says) answer.Says.Should().Contain(words);
    }
}
