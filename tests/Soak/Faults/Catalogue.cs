namespace Soak.Faults;

/// <summary>All faults, and in which order they come.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Fault> All { get; } =
    [
        new(FaultNames.LeaderKilled, ProcessFaults.KillLeaderAsync),
        new(FaultNames.BothDead, ProcessFaults.KillBothAsync),
        new(FaultNames.LeaseStolen, ProcessFaults.StealLeaseAsync),
        new(FaultNames.ServerFrozen, (stage, random, stop) => ServerFaults.FreezeAsync(stage, FaultNames.ServerFrozen, 3 + random.Next(5), stop)),
        new(FaultNames.ServerFrozenForLong,
            (stage, random, stop) => ServerFaults.FreezeAsync(stage, FaultNames.ServerFrozenForLong, 10 + random.Next(3), stop)),
        new(FaultNames.SilentWatch, WireFaults.SilenceWatchAsync),
        new(FaultNames.OnePoisonedDate, (stage, random, stop) => WireFaults.PoisonDatesAsync(stage, random, FaultNames.OnePoisonedDate, 1, stop)),
        new(FaultNames.PoisonedDates, (stage, random, stop) => WireFaults.PoisonDatesAsync(stage, random, FaultNames.PoisonedDates, int.MaxValue, stop)),
        new(FaultNames.ObstructedDeletes, WebhookFaults.RefuseAsync),
        new(FaultNames.HangingDeletes, WebhookFaults.HangAsync),
        new(FaultNames.WebhooksRemoved, WebhookFaults.RemoveOursAsync),
        new(FaultNames.LabelWebhook, WebhookFaults.RelabelAsync),
        new(FaultNames.LabelFight, TamperFaults.FightAsync),
        new(FaultNames.GrantsNamespaceDeleted, TamperFaults.DeleteNamespaceAsync),
        new(FaultNames.FloodOfReads, FloodFaults.ReadsAsync),
        new(FaultNames.FloodOfDryRuns, FloodFaults.DryRunsAsync),
        new(FaultNames.OversizedInput, FloodFaults.OversizedAsync),
    ];

    /// <summary>Faults that go together with any other.</summary>
    private static readonly string[] s_companions = [FaultNames.SilentWatch, FaultNames.LabelFight, FaultNames.OversizedInput, FaultNames.OnePoisonedDate];

    /// <summary>Rounds of all faults, each round in another order; now and then two at once. A list of names is kept as it is, and begun again.</summary>
    public static IEnumerable<IReadOnlyList<Fault>> Rounds(Random random, IReadOnlyList<string>? only)
    {
        if (only is not null)
        {
            var chosen = only.Select(name => All.FirstOrDefault(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new ArgumentException($"'{name}' is not a fault. They are: {string.Join(", ", All.Select(f => f.Name))}.")).ToList();
            while (true) foreach (var fault in chosen) yield return [fault];
        }

        while (true)
        {
            var round = All.ToArray();
            random.Shuffle(round);
            foreach (var fault in round)
            {
                var companions = round.Where(f => f.Name != fault.Name && s_companions.Contains(f.Name)).ToArray();
                yield return companions.Length > 0 && random.Next(5) == 0 ? [fault, companions[random.Next(companions.Length)]] : [fault];
            }
        }
    }
}
