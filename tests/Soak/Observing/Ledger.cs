using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Soak.Faults;
using Soak.Site;

namespace Soak.Observing;

/// <summary>All grants of the run, as the API server shows them to an administrator.</summary>
internal sealed class Ledger(SoakCluster cluster, History history, Judge judge)
{
    private readonly ConcurrentDictionary<string, KnownGrant> _grants = new(StringComparer.Ordinal);

    public IReadOnlyCollection<KnownGrant> Grants => (IReadOnlyCollection<KnownGrant>)_grants.Values;

    /// <summary>Those that are not over yet.</summary>
    public IReadOnlyList<KnownGrant> Open => [.. _grants.Values.Where(g => !g.Over)];

    /// <summary>Called once for each grant that is recorded as active.</summary>
    public required Action<KnownGrant> Activated { get; init; }

    /// <summary>Called once for each grant that is over.</summary>
    public required Action<KnownGrant> Ended { get; init; }

    /// <summary>A grant that is about to be asked for.</summary>
    public void Add(KnownGrant grant) => _grants[grant.Name] = grant;

    /// <summary>The API server refused it.</summary>
    public void Remove(KnownGrant grant) => _grants.TryRemove(grant.Name, out _);

    public KnownGrant? Find(string name) => _grants.GetValueOrDefault(name);

    public KnownGrant? OfUid(string uid) => _grants.Values.FirstOrDefault(g => g.Uid == uid);

    /// <summary>Follows the grants until the run ends.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var list = await cluster.Admin.GetAsync($"{Api.Ours}/breakglassgrants", cancellationToken);
                if (list.Ok)
                {
                    var items = list.Json["items"]!.AsArray();
                    foreach (var item in items) Learn(item!, gone: false);
                    var there = items.Select(i => (string)i!["metadata"]!["name"]!).ToHashSet(StringComparer.Ordinal);
                    foreach (var missed in _grants.Values.Where(g => g.Uid is not null && !g.Deleted && !there.Contains(g.Name))) Gone(missed);
                    var version = (string)list.Json["metadata"]!["resourceVersion"]!;
                    await foreach (var change in cluster.Admin.WatchAsync(
                        $"{Api.Ours}/breakglassgrants?watch=true&resourceVersion={version}&timeoutSeconds=240", cancellationToken))
                    {
                        if ((string?)change["type"] is "ERROR") break;
                        Learn(change["object"]!, (string?)change["type"] is "DELETED");
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                history.Say($"the observer's watch ended: {e.GetType().Name}");
            }

            await Clock.PauseAsync(0.3, cancellationToken);
        }
    }

    private void Learn(JsonNode grant, bool gone)
    {
        var name = (string)grant["metadata"]!["name"]!;
        if (Find(name) is not { } known) return;
        var status = grant["status"];
        known.Uid ??= (string?)grant["metadata"]!["uid"];
        var (phase, before) = ((string?)status?["phase"], known.Phase);
        known.ServiceAccount = (string?)status?["serviceAccount"] ?? known.ServiceAccount;
        known.Secret = (string?)status?["credentialSecret"] ?? known.Secret;
        known.EndReason = (string?)status?["endReason"] ?? known.EndReason;
        known.Phase = phase ?? known.Phase;
        Times(known, status);
        if (phase is not null && phase != before) Moved(known, before, phase, status);
        Transitions(known, status);
        if (grant["metadata"]!["deletionTimestamp"] is not null && known.ActivatedAt is not null && !known.Over
            && known.IsDue(Ends.ByWord, Clock.Now, People.Crowd.Deletion)) history.Say(name, "is being deleted");
        if (gone) Gone(known);
    }

    private void Moved(KnownGrant known, string? before, string phase, JsonNode? status)
    {
        history.Say(known.Name, $"{before ?? "(new)"} -> {phase} {known.EndReason}{Because(status, phase)}");
        if (before is "Expired" or "Revoked" or "Denied" or "Failed") history.Violation("terminal is terminal", $"was {before} and is {phase}", known.Name);
        if (phase is "Expired" && Clock.Now < known.ExpiresAt?.AddSeconds(-1))
            history.Violation("ended early", $"is Expired, and its time is up only at {known.ExpiresAt:O}", known.Name);
        if (phase is "Active") known.ActiveSeen ??= Clock.Now;
        if (phase is "Active" && known.MustNotOpen is { } why) history.Violation("admitted", $"is Active, and must not be: {why}", known.Name);
        if (phase is "Active" && known.NeedsApproval && !known.Approved)
            history.Violation("admitted", "is Active, and nobody who may has approved it", known.Name);
        if (known.Over) Over(known);
    }

    private void Times(KnownGrant known, JsonNode? status)
    {
        if (Time(status?["expiresAt"]) is { } expires)
        {
            if (known.ExpiresAt is { } was && expires > was)
                history.Violation("the end never moves away", $"expiresAt was {was:O} and is {expires:O}", known.Name);
            known.ExpiresAt = expires;
            known.IsDue(Ends.ByTime, expires, "its expiry");
        }

        if (known.ActivatedAt is not null || Time(status?["activatedAt"]) is not { } activated) return;
        known.ActivatedAt = activated;
        judge.Learned(known);
        Activated(known);
    }

    private void Transitions(KnownGrant known, JsonNode? status)
    {
        if (status?["transitions"] is not JsonArray transitions) return;
        known.Activations = Math.Max(known.Activations, transitions.Count(t => (string?)t!["to"] is "Active"));
        if (known.Activations > 1) history.Violation("record", $"the record says that it was activated {known.Activations} times", known.Name);
        if ((string?)status["phase"] is "Active" && known.Activations == 0)
            history.Violation("record", "it is Active, and the transitions do not say so", known.Name);
    }

    private void Gone(KnownGrant known)
    {
        if (known.Deleted) return;
        known.Deleted = true;
        history.Say(known.Name, "the record is gone");
        var kept = Clock.Now - (known.EndSeen ?? Clock.Now);
        if (kept < People.Policies.RetainFor - TimeSpan.FromSeconds(10) && !known.Dues.Any(d => d.Cause == People.Crowd.Deletion))
        {
            history.Violation("records are kept",
                string.Create(CultureInfo.InvariantCulture, $"its record is gone {kept.TotalSeconds:0} s after its end, and nobody deleted it"), known.Name);
        }

        Over(known);
    }

    private void Over(KnownGrant known)
    {
        if (known.EndSeen is not null) return;
        known.EndSeen = Clock.Now;
        Ended(known);
    }

    private static string Because(JsonNode? status, string phase)
    {
        if (phase is not ("Denied" or "Failed")) return "";
        var last = (status?["conditions"] as JsonArray)?.LastOrDefault(c => (string?)c!["status"] is "False");
        return last is null ? "" : string.Create(CultureInfo.InvariantCulture, $" ({last["type"]} {last["reason"]}: {last["message"]})");
    }

    private static DateTimeOffset? Time(JsonNode? node) =>
        DateTimeOffset.TryParse((string?)node, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
