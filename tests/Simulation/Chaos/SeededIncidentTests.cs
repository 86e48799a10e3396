using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Simulation;

/// <summary>
/// Random nights, each from a seed. <c>SIMULATION_SEEDS</c> (how many, 50 by default) and <c>SIMULATION_FIRST_SEED</c> (from which on, 1 by
/// default) run others. A replay is not exact, since the back-off of a started operator is random.
/// </summary>
public class SeededIncidentTests(ITestOutputHelper output)
{
    [Fact]
    public Task Whatever_happens_access_ends_in_time_and_nothing_is_left() => Stillness.Run(stillness =>
    {
        var (first, count) = (Number("SIMULATION_FIRST_SEED", 1), Number("SIMULATION_SEEDS", 50));
        var failures = new List<Exception>();
        for (var seed = first; seed < first + count; seed++)
        {
            try
            {
                ChaosRun.Run(stillness, seed);
            }
            catch (Exception e)
            {
                failures.Add(e);
            }
        }

        output.WriteLine($"seeds {first} to {first + count - 1}: {failures.Count} failed");
        foreach (var failure in failures) output.WriteLine(failure.Message);
        if (failures.Count > 0) throw new AggregateException(failures);
    });

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
