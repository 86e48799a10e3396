using FluentAssertions;
using Xunit;
using Xunit.Abstractions;

namespace Simulation;

/// <summary>
/// The test that matters most: an operator dies after every single write of a grant's life, knowing or not knowing that the write happened;
/// another one starts, at once or past the expiry; and it comes to the same end with nothing left over and no access past its time.
/// </summary>
public class DeathAfterEveryWriteTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. CrashScenario.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public Task The_end_is_that_of_an_undisturbed_life(string scenario) => Stillness.Run(stillness =>
    {
        var run = new CrashRun(stillness, CrashScenario.All.Single(s => s.Name == scenario));
        var (expected, writes) = run.Undisturbed();
        var (lives, survived, problems) = (0, 0, new List<string>());
        for (var n = 1; n <= writes.Count; n++)
        {
            foreach (var (lost, late) in new[] { (false, false), (true, false), (n % 2 == 0, true) })
            {
                lives++;
                if (run.With(new(n, lost, late), expected) is { } found) problems.AddRange(found);
                else survived++;
            }
        }

        output.WriteLine($"{scenario}: {writes.Count} writes, {lives} lives with a death in "
            + $"them{(survived == 0 ? "" : $", {survived} of which were over before it")}; {expected}");
        foreach (var write in writes) output.WriteLine($"  {write.Call}");
        writes.Count.Should().BeGreaterThan(8);
        survived.Should().BeLessThanOrEqualTo(3, "the same work takes the same number of writes");
        problems.Should().BeEmpty();
    });
}
