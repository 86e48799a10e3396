using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Sessions;

/// <summary>
/// What the leader concludes from sessions: when a grant was last used, and what is unusual about its use. It goes by the sessions that change, reads each of
/// them whole, because caches do not hold the rows, and has the grant looked at if there is something to report.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="caches">Grants and policies.</param>
/// <param name="sessions">The sessions; their rows need not be in the cache.</param>
/// <param name="pulse">How far audit events have arrived; null if they are not received.</param>
/// <param name="gateway">How far the gateway's reports have arrived; null if there is no gateway.</param>
/// <param name="look">Has a grant looked at.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SessionInsights(
    KubeClient client, ClusterCaches caches, Informer<BreakGlassSession> sessions, AuditPulse? pulse, AuditPulse? gateway, Action<string> look,
    TimeProvider time, ILogger logger)
{
    /// <summary>The least time between two looks at one session.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    /// <summary>A new leader looks again at what ended lately: its events may have come while nobody led.</summary>
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(10);

    // A session can have 200 KB.
    private const int SessionsAtOnce = 50;

    private readonly ConcurrentDictionary<string, bool> _changed = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Insight> _insights = new(StringComparer.Ordinal);

    /// <summary>Facts with what sessions say.</summary>
    public GrantFacts With(GrantFacts facts)
    {
        if (facts.Grant is not { } grant) return facts;
        var session = sessions.Store.Get(new("", facts.Name)) is { } cached && cached.Status.GrantUid == grant.Metadata.Uid ? cached : null;
        return facts with
        {
            Audit = (GatewayRules.ShowsUse(grant.Status) ? gateway : pulse)?.Now,
            LastActivityAt = session is null ? null : MergedSession.Of(session.Status).Totals.LastActivityAt,
            Anomalies = _insights.TryGetValue(facts.Name, out var insight) && insight.Uid == grant.Metadata.Uid ? insight.Anomalies : [],
        };
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var handler = sessions.AddHandler(OnChange);
        await time.EveryAsync(Period, atOnce: true, LookAsync, cancellationToken);
    }

    private void OnChange(Change<BreakGlassSession> change)
    {
        var name = change.Object.Metadata.Name;
        if (change.Kind is ChangeKind.Deleted)
        {
            _changed.TryRemove(name, out _);
            _insights.TryRemove(name, out _);
            return;
        }

        if (change.IsSameVersion && !change.IsInitialList) return;
        if (change.IsInitialList && !(caches.Grant(name)?.Status is { } status && (!status.IsTerminal || status.EndedAt + Lately > time.GetUtcNow()))) return;
        _changed[name] = true;
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var name in _changed.Keys)
        {
            _changed.TryRemove(name, out _);
            try
            {
                await LookAsync(name, cancellationToken);
            }
            catch (Exception e) when (e is KubeApiException or KubeConnectionException)
            {
                _changed[name] = true;
                logger.SessionNotJudged(name, e);
            }
        }
    }

    /// <summary>Compares one session with the limits and the habits of its policy.</summary>
    internal async Task LookAsync(string name, CancellationToken cancellationToken)
    {
        if (caches.Grant(name) is not { } grant || await client.TryGetAsync<BreakGlassSession>(name, null, cancellationToken) is not { } session
            || session.Status.GrantUid != grant.Metadata.Uid) return;
        var known = _insights.TryGetValue(name, out var before) && before.Uid == grant.Metadata.Uid ? before : null;
        var habits = known?.Habits ?? await HabitsAsync(session, grant.Spec.Policy, cancellationToken);
        var anomalies = Anomalies.Of(new()
        {
            Grant = grant,
            Limits = (caches.Policy(grant.Spec.Policy)?.Spec.Session ?? new()).Anomalies,
            Session = MergedSession.Of(session.Status),
            Habits = habits,
        });

        // Of a grant that is over, a late event is rare, and there may be thousands of such grants.
        if (grant.Status.IsTerminal && anomalies.Count == 0) _insights.TryRemove(name, out _);
        else _insights[name] = new(grant.Metadata.Uid ?? "", anomalies, grant.Status.IsTerminal ? null : habits);
        if (anomalies.Any(a => !grant.Status.Anomalies.Contains(a.Kind))) look(name);
    }

    /// <summary>What earlier sessions of the policy did, read once for each grant.</summary>
    private async Task<PolicyHabits> HabitsAsync(BreakGlassSession session, string policy, CancellationToken cancellationToken)
    {
        var all = await client.ListAsync<BreakGlassSession>(
            new() { LabelSelector = $"{BreakGlassApi.PolicyLabel}={policy}", Limit = SessionsAtOnce }, s => s with { Status = PolicyHabits.Shed(s.Status) },
            cancellationToken);
        return PolicyHabits.Before(session.Status, all.Items.Select(s => s.Status));
    }

    private sealed record Insight(string Uid, IReadOnlyList<Anomaly> Anomalies, PolicyHabits? Habits);
}
