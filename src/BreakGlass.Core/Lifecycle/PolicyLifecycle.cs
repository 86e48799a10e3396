using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using Kube.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>All that is known of one policy at one moment.</summary>
public sealed record PolicyFacts
{
    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The operator's set-up.</summary>
    public required CoreSettings Settings { get; init; }

    /// <summary>The policy.</summary>
    public required BreakGlassPolicy Policy { get; init; }

    /// <summary>Its grants, finished ones too.</summary>
    public required IReadOnlyList<BreakGlassGrant> Grants { get; init; }

    /// <summary>Namespaces and roles.</summary>
    public required ClusterView Cluster { get; init; }

    /// <summary>Roles that the operator was told it may not bind.</summary>
    public IReadOnlyList<RoleReference> Unbindable { get; init; } = [];

    /// <summary>How far our clock is from the API server's; null where unknown.</summary>
    public TimeSpan? ClockSkew { get; init; }
}

/// <summary>What to do for a policy.</summary>
/// <param name="Status">The status it should have.</param>
/// <param name="HoldsFinalizer">Whether it should carry our finalizer: its deletion waits until its grants are revoked.</param>
/// <param name="Notes">Events that go with the status.</param>
/// <param name="LookAgainAt">When to look again if nothing happens.</param>
public sealed record PolicyPlan(PolicyStatus Status, bool HoldsFinalizer, IReadOnlyList<GrantNote> Notes, DateTimeOffset? LookAgainAt);

/// <summary>What a policy's status says of it.</summary>
public static class PolicyLifecycle
{
    private static readonly TimeSpan UsualWindow = TimeSpan.FromHours(168);

    /// <summary>Decides.</summary>
    public static PolicyPlan Decide(PolicyFacts facts)
    {
        var policy = facts.Policy;
        var roles = policy.Spec.Access.Select(e => Summarise(e, facts.Cluster)).ToList();
        var changed = roles.Where(r => policy.Status.Roles.FirstOrDefault(b => b.Name == r.Name)?.Hash is { } before && r.Hash is not null && before != r.Hash).ToList();

        var window = GoDuration.TryParse(policy.Spec.Overuse?.Window, out var overuse) ? overuse : UsualWindow;
        var activations = facts.Grants.Select(g => g.Status.ActivatedAt).OfType<DateTimeOffset>().ToList();
        var recent = activations.Where(a => Timestamp.After(a, window) > facts.Now).ToList();
        var live = facts.Grants.Count(g => GrantLifecycle.IsRecorded(g.Status) && !GrantLifecycle.IsTerminal(g.Status.Phase));

        // Finished grants are deleted in time; the last use is remembered all the same.
        DateTimeOffset? last = activations.Count == 0 ? policy.Status.LastActivatedAt : activations.Max();
        if (last < policy.Status.LastActivatedAt) last = policy.Status.LastActivatedAt;

        var status = policy.Status with
        {
            ObservedGeneration = policy.Metadata.Generation,
            Conditions = ConditionsOf(facts, last),
            ActiveGrants = facts.Grants.Count(g => g.Status.Phase is GrantPhase.Active),
            ActivationsInWindow = recent.Count,
            LastActivatedAt = last,
            Roles = roles,
        };
        return new(status, live > 0, [.. changed.Select(RoleChanged)], recent.Count == 0 ? null : Timestamp.After(Timestamp.After(recent.Min(), window), TimeSpan.FromSeconds(1)));
    }

    private static IReadOnlyList<Condition> ConditionsOf(PolicyFacts facts, DateTimeOffset? lastActivation)
    {
        var (policy, now, generation) = (facts.Policy, facts.Now, facts.Policy.Metadata.Generation);
        var missing = policy.Spec.Access.SelectMany(e => MissingRoles(e, facts.Cluster)).ToList();
        var conditions = missing.Count == 0
            ? policy.Status.Conditions.With("RolesResolved", true, "RolesFound", "Every role that the policy names exists.", generation, now)
            : policy.Status.Conditions.With("RolesResolved", false, "RoleNotFound", $"There is no {string.Join(", no ", missing)}; create it, or mend spec.access.", generation, now);

        var (ready, reason, message) = Readiness(facts, missing);
        conditions = conditions.With("Ready", ready, reason, message, generation, now);
        conditions = lastActivation is null
            ? conditions.With("NeverExercised", true, "NoActivation", "No grant of this policy was ever active. Try it before it is needed: a glass that was never broken may not break.", generation, now)
            : conditions.With("NeverExercised", false, "Activated", $"Last activated at {Timestamp.Text(lastActivation.Value)}.", generation, now);
        if (facts.ClockSkew is not { } skew || skew.Duration() <= facts.Settings.NotableClockSkew) return conditions.Without("ClockSkewed");
        return conditions.With("ClockSkewed", true, "ClocksDiffer",
            $"The operator's clock is more than {GoDuration.Format(facts.Settings.NotableClockSkew)} away from the API server's; above {GoDuration.Format(facts.Settings.LargestClockSkew)} no grant is activated. Mend NTP.",
            generation, now);
    }

    private static (bool Ready, string Reason, string Message) Readiness(PolicyFacts facts, List<string> missing)
    {
        var problems = PolicyRules.Check(facts.Policy, facts.Settings);
        if (problems.Count > 0) return (false, problems[0].Reason, string.Join(" ", problems.Select(p => $"{p}.")));
        if (missing.Count > 0) return (false, "RoleNotFound", $"There is no {string.Join(", no ", missing)}; create it, or mend spec.access.");
        if (facts.Unbindable.Count > 0)
        {
            return (false, "RoleNotBindable",
                $"The operator may not bind {string.Join(", ", facts.Unbindable)}; add it to the operator's allow-list (ClusterRole breakglass-operator-bind), or mend spec.access.");
        }

        return facts.Policy.Spec.Suspended
            ? (false, "Suspended", "spec.suspended is true: no grant is given, and the active ones are revoked.")
            : (true, "Accepted", "Grants of this policy can be given.");
    }

    private static IEnumerable<string> MissingRoles(AccessEntry entry, ClusterView cluster)
    {
        if (entry.RoleRef.Kind == nameof(ClusterRole))
        {
            if (cluster.ClusterRole(entry.RoleRef.Name) is null) yield return $"ClusterRole '{entry.RoleRef.Name}'";
            yield break;
        }

        foreach (var ns in entry.Namespaces)
        {
            if (cluster.HasNamespace(ns) && cluster.Role(ns, entry.RoleRef.Name) is null) yield return $"Role '{ns}/{entry.RoleRef.Name}'";
        }
    }

    private static RoleSummary Summarise(AccessEntry entry, ClusterView cluster)
    {
        var found = entry.RoleRef.Kind == nameof(ClusterRole)
            ? cluster.ClusterRole(entry.RoleRef.Name) is { } role ? [role.Rules] : []
            : entry.Namespaces.Select(ns => cluster.Role(ns, entry.RoleRef.Name)?.Rules).OfType<IReadOnlyList<PolicyRule>>().ToList();
        var rules = found.SelectMany(r => r).ToList();
        return new()
        {
            Name = entry.Name,
            Rules = rules.Count,
            Hash = found.Count == 0 ? null : RoleRisk.Hash(rules),
            Wildcard = rules.Exists(RoleRisk.HasWildcard),
            ReadsSecrets = rules.Exists(RoleRisk.ReadsSecrets),
            CanEscalate = rules.Exists(RoleRisk.CanEscalate),
        };
    }

    private static GrantNote RoleChanged(RoleSummary role) => new(true, "RoleChanged", "Observe",
        $"The rules that access entry '{role.Name}' gives have changed; it has {role.Rules} rules now{(role.Wildcard ? ", with wildcards" : "")}{(role.CanEscalate ? ", and can escalate" : "")}. Check whether that is meant.");
}
