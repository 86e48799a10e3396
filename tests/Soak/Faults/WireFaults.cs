namespace Soak.Faults;

/// <summary>What goes wrong between a replica and the API server.</summary>
internal static class WireFaults
{
    private static readonly TimeSpan[] s_shifts = [TimeSpan.FromHours(2), TimeSpan.FromDays(100), TimeSpan.FromHours(-2), TimeSpan.FromSeconds(45),
        TimeSpan.FromDays(-400)];

    /// <summary>The leader's connection with one of its watches swallows everything, and does not end.</summary>
    public static async Task SilenceWatchAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var which = random.Next();
        if (stage.Cluster.Leader is not { } leader) return;
        using (stage.Times.Open(FaultNames.SilentWatch))
        {
            var paths = leader.Wire.SilenceOneWatch(new Random(which));
            stage.History.Say($"silent at {leader.Name}, which leads: {string.Join(", ", paths)}");
            await Clock.PauseAsync(50, cancellationToken);
        }
    }

    /// <summary>Answers to one replica state another time: one answer, or all of some seconds.</summary>
    public static async Task PoisonDatesAsync(Stage stage, Random random, string name, int answers, CancellationToken cancellationToken)
    {
        var (by, seconds, both) = (s_shifts[random.Next(s_shifts.Length)], 3 + random.Next(5), random.Next(2) == 0);
        var leader = stage.Cluster.Leader;
        using (stage.Times.Open(name))
        {
            stage.History.Say(
                $"the Date of {(answers == 1 ? "one answer" : $"all answers of {seconds} s")} is {by} off, for {(both ? "both replicas" : leader?.Name)}");
            foreach (var replica in stage.Cluster.Replicas.Where(r => both || r == leader)) replica.Wire.ShiftDates(by, answers);
            await Clock.PauseAsync(seconds, cancellationToken);
            foreach (var replica in stage.Cluster.Replicas) replica.Wire.StopShifting();
            await Clock.PauseAsync(10, cancellationToken);
        }
    }
}
