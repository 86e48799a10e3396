using System.Globalization;
using FluentAssertions;
using TestKit.Builders;
using Xunit;
using Xunit.Abstractions;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>A short run; 'make fuzz' makes it a long one (FUZZ_INPUTS, FUZZ_SEED).</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Whatever_is_thrown_at_the_webhooks_there_is_an_answer()
    {
        var inputs = Number("FUZZ_INPUTS", 20_000);
        var seed = Number("FUZZ_SEED", 4711);
        using var webhooks = await WebhookHarness.OpenAsync();
        webhooks.LetBind("author");
        (await webhooks.CreateAsync(A.Policy(), WebhookHarness.User("author"))).Message.Should().BeNull();
        (await webhooks.CreateAsync(A.Grant(), WebhookHarness.User("alice", "payments-oncall"))).Message.Should().BeNull();
        var fuzz = new Fuzz(webhooks, seed);
        var started = TimeProvider.System.GetTimestamp();
        for (var done = 0; done < inputs; done += 10_000)
        {
            await fuzz.RunAsync(Math.Min(10_000, inputs - done));
            webhooks.Server.Requests.Clear();
        }

        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        output.WriteLine($"FUZZ {inputs} inputs at two endpoints, seed {seed}: {seconds:0} s, {inputs / seconds:0} inputs/s");
        foreach (var (answer, times) in fuzz.Answers) output.WriteLine($"FUZZ {times,9} {answer}");
        fuzz.Answers["200 allowed"].Should().BeGreaterThan(inputs / 100, "mutations that break everything would prove little");
        fuzz.Answers["400"].Should().BeGreaterThan(inputs / 100);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
