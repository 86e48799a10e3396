using BreakGlass.Gateway.Reporting;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Reporting;

/// <summary>Of which grants it is remembered that a refusal was reported.</summary>
public sealed class RefusalMemoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Each_grant_that_was_refused_once_was_remembered_for_ever()
    {
        var (clock, log) = (new FakeClock(), new LogLines());
        using var metrics = new GatewayMetrics("1");
        using var connection = new OperatorConnection(new(_directory, clock, log), new("https://localhost:1"), "operator", TimeSpan.FromSeconds(1));
        var reporter = new Reporter(connection, clock, metrics, log);
        for (var i = 0; i < 100; i++) reporter.TakesRefusal($"inc-{i}").Should().BeTrue();
        reporter.TakesRefusal("inc-0").Should().BeFalse("one in a second is reported");
        reporter.Refused.Should().Be(100);

        using var stop = new CancellationTokenSource();
        var running = reporter.RunAsync(stop.Token);
        await Eventually.Holds(() => reporter.Refused == 0, () =>
        {
            clock.Advance(Reporter.Period);
            return Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }, "the end of what is remembered");
        reporter.TakesRefusal("inc-0").Should().BeTrue();
        await stop.CancelAsync();
        await running.Soon("the end of the reporter");
    }
}
