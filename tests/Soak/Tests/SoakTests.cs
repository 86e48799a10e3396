using FluentAssertions;
using Soak.Faults;
using Xunit;
using Xunit.Abstractions;

namespace Soak.Tests;

/// <summary>Two minutes of the soak, always the same two: seed and faults are fixed. <c>make soak</c> is the long one.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private static readonly string[] s_faults =
        [FaultNames.LeaderKilled, FaultNames.WebhooksRemoved, FaultNames.OnePoisonedDate, FaultNames.ServerFrozen, FaultNames.FloodOfReads,
        FaultNames.LeaseStolen];

    [Fact]
    public async Task Two_minutes_of_faults_leave_no_access_open_past_its_end_nothing_unrecorded_and_nothing_left_over()
    {
        var options = new SoakOptions { Length = TimeSpan.FromMinutes(2), Seed = 4711, Only = s_faults, Operator = SoakOptions.BuiltOperator };

        var (violations, summary) = await new SoakRun(options, output.WriteLine).RunAsync(CancellationToken.None);

        output.WriteLine(summary);
        violations.Should().BeEmpty();
    }
}
