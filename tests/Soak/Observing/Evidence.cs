using System.Globalization;
using Soak.Site;

namespace Soak.Observing;

/// <summary>Whether every activation is in the events and in the metrics. That the record has it the ledger sees as it goes.</summary>
internal sealed class Evidence(SoakCluster cluster, Ledger ledger, History history)
{
    private const string Activations = "breakglass_operator_activations_total{";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>How many activations an event was found for.</summary>
    public int Events => _told.Count;

    /// <summary>How many activations the metrics have, over all processes that there were.</summary>
    public double Counted => cluster.Replicas.SelectMany(r => r.Lives).Sum(l => l.Total(Activations));

    /// <summary>Looks for the event of each activation until there is one.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Clock.PauseAsync(5, cancellationToken);
            await LookAsync(cancellationToken);
        }
    }

    /// <summary>Looks once for all activations that no event was seen for so far.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var grant in ledger.Grants.Where(g => g.Activations > 0 && g.ActivatedAt < Clock.Now.AddSeconds(-5) && !_told.Contains(g.Name)).ToList())
        {
            var answer = await cluster.Admin.GetAsync(
                $"/api/v1/events?fieldSelector=involvedObject.kind=BreakGlassGrant,involvedObject.name={grant.Name}", cancellationToken);
            if (!answer.Ok) continue;
            if (answer.Json["items"]!.AsArray().Any(e => (string?)e!["reason"] is "GrantActivated")) _told.Add(grant.Name);
            else if (grant.ActivatedAt < Clock.Now - s_patience && !Lost(grant))
                history.Violation("every activation in events", $"no event GrantActivated within {s_patience.TotalSeconds:0} s", grant.Name);
        }
    }

    /// <summary>At the end: the sum over all processes is the number of activations, but for those that a killed process had not shown yet.</summary>
    public async Task CompareAsync(CancellationToken cancellationToken)
    {
        foreach (var replica in cluster.Replicas) await replica.ScrapeAsync(replica.Current, cancellationToken);
        var activated = ledger.Grants.Where(g => g.Activations > 0).ToList();
        var unseen = activated.Count(Lost);
        var (counted, recorded) = (Counted, activated.Count);
        history.Say(string.Create(CultureInfo.InvariantCulture,
            $"activations: {recorded} recorded, {counted} counted, {unseen} in a process that was killed before it was asked again"));
        if (counted > recorded || counted < recorded - unseen)
        {
            history.Violation("every activation in metrics", string.Create(CultureInfo.InvariantCulture,
                $"{recorded} are recorded and {counted} counted, of which at most {unseen} can have been lost with a killed process"));
        }
    }

    // Killed around the activation: what was in its memory alone is gone with it.
    private bool Lost(KnownGrant grant)
    {
        var at = grant.ActiveSeen ?? grant.ActivatedAt!.Value;
        return cluster.Replicas.SelectMany(r => r.Lives).Any(
            l => l.Ended && at >= l.Scraped.AddSeconds(-1) && at <= (l.Killed ?? l.Scraped.AddSeconds(20)).AddSeconds(2));
    }
}
