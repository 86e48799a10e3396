using Kube.Client;
using Kube.Runtime;
using TestKit;

namespace BreakGlass.Operator.Tests.Time;

/// <summary>Time that has to pass until clocks agree.</summary>
internal static class Clocks
{
    /// <summary>Moves a clock on over the pauses between two questions for the time, until something has ended.</summary>
    public static async Task DriveAsync(this FakeClock clock, Task running)
    {
        while (!running.IsCompleted)
        {
            var armed = clock.WhenTimerArmed(ClockKeeper.Doubting);
            if (await Task.WhenAny(running, armed).Soon("an end, or a pause") == armed && !running.IsCompleted) clock.Advance(ClockKeeper.Doubting);
        }
    }

    /// <summary>Asks the server, over new connections, until its answers agree.</summary>
    public static async Task AgreeAsync(this KubeClient client, FakeClock clock)
    {
        for (var i = 0; i < 5; i++)
        {
            using var fresh = client.WithOwnConnection();
            await fresh.GetVersionAsync(CancellationToken.None);
            clock.Advance(TimeSpan.FromSeconds(3));
        }
    }
}
