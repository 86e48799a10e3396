namespace BreakGlass.Core.Sessions;

/// <summary>What is unusual about a session. Each rule stands alone and says at most one thing.</summary>
public static class Anomalies
{
    /// <summary>How long before the end of a grant a new workload is late.</summary>
    private static readonly TimeSpan LastMinute = TimeSpan.FromMinutes(1);

    private static readonly string[] Workloads =
        ["pods", "replicationcontrollers", "replicasets.apps", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "cronjobs.batch"];

    private static readonly Func<AnomalyFacts, Anomaly?>[] Rules =
        [SecretsRead, SecretsListed, Denied, ParallelAddresses, ParallelPrograms, FirstExec, FirstImpersonation, FirstKind, LateWorkload];

    /// <summary>Everything that is unusual.</summary>
    public static IReadOnlyList<Anomaly> Of(AnomalyFacts facts) => [.. Rules.Select(rule => rule(facts)).OfType<Anomaly>()];

    /// <summary>More requests read Secrets than the policy's limit.</summary>
    public static Anomaly? SecretsRead(AnomalyFacts facts) => facts.Session.Totals.SecretsRead > facts.Limits.SecretsRead
        ? new(AnomalyKind.SecretsRead, facts.Session.Totals.SecretsRead, facts.Limits.SecretsRead, []) : null;

    /// <summary>A request listed or watched the Secrets of all namespaces.</summary>
    public static Anomaly? SecretsListed(AnomalyFacts facts)
    {
        var lists = Allowed(facts, a => a is { ApiGroup: "", Resource: "secrets", Subresource: "", Namespace: "", Verb: "list" or "watch" });
        return lists.Count == 0 ? null : new(AnomalyKind.SecretsListed, lists.Sum(a => a.Count), 0, []);
    }

    /// <summary>More requests were refused than the policy's limit.</summary>
    public static Anomaly? Denied(AnomalyFacts facts) => facts.Session.Totals.Denied > facts.Limits.Denied
        ? new(AnomalyKind.Denied, facts.Session.Totals.Denied, facts.Limits.Denied, []) : null;

    /// <summary>
    /// Requests came from two addresses in parallel: after the first request from the second, there was another one from the first. A person who moves from
    /// one network to another, and stays there, is none.
    /// </summary>
    public static Anomaly? ParallelAddresses(AnomalyFacts facts) => Parallel(facts, AnomalyKind.ParallelAddresses, s => s.Address);

    /// <summary>The same of two programs.</summary>
    public static Anomaly? ParallelPrograms(AnomalyFacts facts) => Parallel(facts, AnomalyKind.ParallelPrograms, s => s.Program);

    /// <summary>A command was executed in a pod, which no earlier session did.</summary>
    public static Anomaly? FirstExec(AnomalyFacts facts)
    {
        if (facts.Habits is { Sessions: 0 } or { Exec: true } || facts.Session.Totals.Exec == 0) return null;
        var pods = Allowed(facts, a => a is { Resource: "pods", Subresource: "exec" or "attach" }).Select(a => $"{a.Namespace}/{a.Name}");
        return new(AnomalyKind.FirstExec, facts.Session.Totals.Exec, 0, [.. pods.Distinct()]);
    }

    /// <summary>Another user was impersonated, which no earlier session did.</summary>
    public static Anomaly? FirstImpersonation(AnomalyFacts facts)
    {
        if (facts.Habits is { Sessions: 0 } or { Impersonation: true }) return null;
        IReadOnlyList<string> users = [.. Used(facts).Where(a => a.AsUser.Length > 0).Select(a => a.AsUser).Distinct()];
        return users.Count == 0 ? null : new(AnomalyKind.FirstImpersonation, users.Count, 0, users);
    }

    /// <summary>A kind was used that no earlier session used.</summary>
    public static Anomaly? FirstKind(AnomalyFacts facts)
    {
        if (facts.Habits.Sessions == 0) return null;
        IReadOnlyList<string> kinds = [.. Used(facts).Select(PolicyHabits.KindOf).OfType<string>().Distinct().Where(k => !facts.Habits.Kinds.Contains(k))];
        return kinds.Count == 0 ? null : new(AnomalyKind.FirstKind, kinds.Count, 0, kinds);
    }

    /// <summary>
    /// A workload was created in the last minute before the grant's recorded end, which its pods outlive. Grants of two minutes or less have no last minute.
    /// </summary>
    public static Anomaly? LateWorkload(AnomalyFacts facts)
    {
        if (facts.Grant.Status is not { ActivatedAt: { } from, ExpiresAt: { } to } || to - from <= 2 * LastMinute) return null;
        var late = Allowed(facts, a => IsNewWorkload(a) && a.LastAt >= to - LastMinute);
        return late.Count == 0 ? null : new(
            AnomalyKind.LateWorkload, late.Count, 0, [.. late.Select(a => $"{PolicyHabits.KindOf(a)} {a.Namespace}/{a.Name}".TrimEnd('/')).Distinct()]);
    }

    /// <summary>Whether a row creates what runs pods.</summary>
    internal static bool IsNewWorkload(SessionAction action) =>
        action is { Verb: "create", Subresource: "" } && Workloads.Contains(PolicyHabits.KindOf(action));

    private static Anomaly? Parallel(AnomalyFacts facts, AnomalyKind kind, Func<SessionSource, string> of)
    {
        var spans = facts.Session.Sources.GroupBy(of).Where(g => g.Key.Length > 0)
            .Select(g => (Name: g.Key, First: g.Min(s => s.FirstAt), Last: g.Max(s => s.LastAt))).OrderBy(s => s.First).ToList();
        List<string> parallel = [];
        for (var i = 0; i < spans.Count; i++)
        {
            for (var j = i + 1; j < spans.Count; j++)
            {
                if (spans[j].First < spans[i].Last) parallel.AddRange([spans[i].Name, spans[j].Name]);
            }
        }

        return parallel.Count == 0 ? null : new(kind, parallel.Distinct().Count(), 0, [.. parallel.Distinct()]);
    }

    private static List<SessionAction> Allowed(AnomalyFacts facts, Func<SessionAction, bool> which) =>
        [.. facts.Session.Actions.Where(a => a.Result is ActionResult.Allowed && which(a))];

    private static IEnumerable<SessionAction> Used(AnomalyFacts facts) => facts.Session.Actions.Where(a => a.Result is not ActionResult.Denied);
}
