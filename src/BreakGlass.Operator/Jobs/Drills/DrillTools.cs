using System.Collections.Concurrent;
using BreakGlass.Operator.Notifications;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>What the runs of drills share, for one term of the leader.</summary>
/// <param name="Client">The operator's client, which writes only as long as this process leads.</param>
/// <param name="Caches">The caches.</param>
/// <param name="Settings">The operator's set-up.</param>
/// <param name="Metrics">The metrics.</param>
/// <param name="Notifier">Who is notified; null if there are no receivers.</param>
/// <param name="Journal">Verifies entries of the journal; null if there is none.</param>
/// <param name="Time">Clock.</param>
internal sealed record DrillTools(
    KubeClient Client, ClusterCaches Caches, CoreSettings Settings, OperatorMetrics Metrics, Notifier? Notifier, JournalProofs? Journal, TimeProvider Time)
{
    /// <summary>Where events about cluster-scoped objects are: in the second one on Kubernetes 1.20.</summary>
    public static IReadOnlyList<string> EventNamespaces { get; } = ["default", "kube-system"];

    /// <summary>The vouchers that runs present now, with their grants: two runs at once must not take the same one.</summary>
    public ConcurrentDictionary<string, string> Presented { get; } = new(StringComparer.Ordinal);
}
