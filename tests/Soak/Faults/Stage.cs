using Soak.Observing;
using Soak.People;
using Soak.Site;

namespace Soak.Faults;

/// <summary>What faults are made in.</summary>
internal sealed record Stage(SoakCluster Cluster, Crowd Crowd, Ledger Ledger, FaultTimes Times, History History)
{
    /// <summary>Whether the API server stands still on purpose.</summary>
    public bool ServerIsFrozen { get; set; }

    /// <summary>Waits until a replica leads and both are ready, as they are before most faults begin; goes on after a while in any case.</summary>
    public async Task CalmAsync(CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < 120 && !(Cluster.Leader is not null && Cluster.Replicas.All(r => r.Ready)); tries++)
            await Clock.PauseAsync(0.5, cancellationToken);
        if (Cluster.Leader is null) History.Say("nobody leads after a minute of quiet", aloud: true);
    }
}
