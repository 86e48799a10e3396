using System.Text.Json.Nodes;
using Soak.Site;

namespace Soak.Faults;

/// <summary>Replicas that die, and a lease that is not theirs any more.</summary>
internal static class ProcessFaults
{
    private const string Lease = $"/apis/coordination.k8s.io/v1/namespaces/{SoakCluster.SystemNamespace}/leases/breakglass-operator";

    /// <summary>SIGKILL of the leader, which is started again after a while.</summary>
    public static async Task KillLeaderAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var pause = 5 + random.Next(20);
        if (stage.Cluster.Leader is not { } leader) return;
        using (stage.Times.Open(FaultNames.LeaderKilled))
        {
            stage.History.Say($"SIGKILL of {leader.Name}, which leads, for {pause} s");
            await leader.KillAsync();
            await Clock.PauseAsync(pause, cancellationToken);
            await leader.StartAsync();
        }
    }

    /// <summary>SIGKILL of both: the reaper alone is alive.</summary>
    public static async Task KillBothAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var pause = 30 + random.Next(50);
        using var window = stage.Times.Open(FaultNames.BothDead);
        await Task.WhenAll(stage.Cluster.Replicas.Select(r => r.KillAsync()));
        await Clock.PauseAsync(pause, cancellationToken);
        foreach (var replica in stage.Cluster.Replicas) await replica.StartAsync();

        // Over when somebody reads again.
        for (var tries = 0; tries < 60 && !stage.Cluster.Replicas.Any(r => r.Ready); tries++) await Clock.PauseAsync(0.5, cancellationToken);
    }

    /// <summary>Somebody writes their own name into the lease.</summary>
    public static async Task StealLeaseAsync(Stage stage, Random random, CancellationToken cancellationToken)
    {
        var holder = $"somebody-{random.Next(1000)}";
        using (stage.Times.Open(FaultNames.LeaseStolen))
        {
            var lease = new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["holderIdentity"] = holder, ["leaseDurationSeconds"] = 15, ["renewTime"] = Clock.Now.ToString(
                        "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
                },
            };
            var answer = await stage.Cluster.Admin.PatchAsync(Lease, lease.ToJsonString(), cancellationToken);
            stage.History.Say($"{holder} takes the lease: {answer}");
            await Clock.PauseAsync(20, cancellationToken);
        }
    }
}
