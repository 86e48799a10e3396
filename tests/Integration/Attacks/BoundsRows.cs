using System.Globalization;
using FluentAssertions;

namespace Integration.Attacks;

/// <summary>Making things so large, or so many, that there is no room left for others, and reaching the webhooks without being the API server.</summary>
internal static class BoundsRows
{
    private static readonly string Filler = new('x', 240 * 1024);
    private static readonly string Huge = new('x', 900 * 1024);

    public static IReadOnlyList<Row> All { get; } =
    [
        new("Alice", "asks with an annotation of 240 KiB", Expectation.Refused("at most 16384"),
            async s => { await s.PolicyAsync(); return await s.AskAsync(s.Stage.Alice, meta: $", annotations: {{a: {Filler}}}"); }),
        new("Tess", "writes 240 KiB onto somebody else's grant", Expectation.RefusedAndUntouched("at most 16384"), async s => { await OpenAsync(
            s); return await s.Stage.Tess.PatchAsync(s.GrantPath, $$$"""{"metadata":{"annotations":{"a":"{{{Filler}}}"} } }"""); }),
        new("Tess", "writes a finalizer onto somebody else's grant", Expectation.RefusedAndUntouched("cannot be added"), async s => { await OpenAsync(
            s); return await s.Stage.Tess.PatchAsync(s.GrantPath, """{"metadata":{"finalizers":["breakglass.dev/revoke","example.com/hold"]}}"""); }),
        new("Alice", "asks six times for what waits for approval", Expectation.Shows(
            "five wait, and one is refused", (_, answer) => { answer.Text.Should().Contain("at most 5 may wait"); return Task.CompletedTask; }), async s =>
            {
                await s.PolicyAsync(Scene.Approval);
                var answers = new List<ApiAnswer>();
                for (var i = 0; i < 6; i++)
                {
                    // The rows beside this one flood admission: what is refused for that is asked again.
                    var name = string.Create(CultureInfo.InvariantCulture, $"{s.Grant}-{i}");
                    var answer = await s.AskAsync(s.Stage.Alice, name: name);
                    for (var again = 0; again < 200 && answer.Text.Contains("try again", StringComparison.OrdinalIgnoreCase); again++)
                        answer = await s.AskAsync(s.Stage.Alice, name: name);
                    answers.Add(answer);
                }

                answers.Take(5).Should().AllSatisfy(a => a.Good.Should().BeTrue(a.Text));
                return answers[5];
            }),
        new("Alice", "floods admission with 30 dry runs of 900 KiB", Expectation.RefusedAndUntouched("larger than 512 KiB"), async s =>
        {
            await OpenAsync(s);
            var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
                s.AskAsync(s.Stage.Alice, name: string.Create(CultureInfo.InvariantCulture, $"{s.Grant}-flood-{i}"),
                    meta: $", annotations: {{a: {Huge[..(240 * 1024)]}}}, labels: {{b: {Huge}}}", query: "?dryRun=All")));
            answers.Should().OnlyContain(a => !a.Good);
            return answers.FirstOrDefault(a => a.Text.Contains("512 KiB", StringComparison.Ordinal)) ?? answers[0];
        }),
    ];

    private static async Task OpenAsync(Scene s)
    {
        await s.PolicyAsync();
        await s.OpenAsync(s.Stage.Alice);
    }
}
