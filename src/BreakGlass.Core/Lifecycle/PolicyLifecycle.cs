using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What a policy's status says of it.</summary>
public static class PolicyLifecycle
{
    private const string Overused = "Overused";

    private static readonly TimeSpan UsualWindow = TimeSpan.FromHours(168);

    /// <summary>Decides.</summary>
    public static PolicyPlan Decide(PolicyFacts facts)
    {
        var policy = facts.Policy;
        var roles = RolePins.Pin(policy, [.. policy.Spec.Access.Select(e => Summary(e, facts))], facts.Seal is SealState.Valid, out var pinned);
        var changed = pinned != policy.Status.PinnedGeneration
            ? [] : roles.Where(r => policy.Status.Roles.FirstOrDefault(b => b.Name == r.Name)?.Hash is { } before && r.Hash is not null && before != r.Hash);

        var window = GoDuration.TryParse(policy.Spec.Overuse?.Window, out var overuse) ? overuse : UsualWindow;
        var activations = facts.Grants.Where(g => g.Status.WasActive).Select(g => g.Status.ActivatedAt).OfType<DateTimeOffset>().ToList();
        var recent = activations.Where(a => Timestamp.After(a, window) > facts.Now).ToList();
        var live = facts.Grants.Count(g => g.Status.IsRecorded && !g.Status.IsTerminal);
        var holders = PolicyHolders.Decide(facts);

        // Finished grants are deleted in time; the last use is remembered all the same.
        DateTimeOffset? last = activations.Count == 0 ? policy.Status.LastActivatedAt : activations.Max();
        if (last < policy.Status.LastActivatedAt) last = policy.Status.LastActivatedAt;

        var status = policy.Status with
        {
            ObservedGeneration = policy.Metadata.Generation,
            Conditions = ConditionsOf(facts, roles, recent.Count, last),
            ActiveGrants = facts.Grants.Count(g => g.Status.Phase is GrantPhase.Active),
            ActivationsInWindow = recent.Count,
            LastActivatedAt = last,
            Roles = roles,
            PinnedGeneration = pinned,
            Holders = holders.Holders,
        };
        var notes = changed.Select(RoleChanged).ToList();
        if (Conditions.IsTrue(status.Conditions, Overused) && !Conditions.IsTrue(policy.Status.Conditions, Overused))
        {
            notes.Add(new(true, "PolicyOverused", "Observe", Conditions.Find(status.Conditions, Overused)!.Message));
        }

        DateTimeOffset? fewer = recent.Count == 0 ? null : Timestamp.After(Timestamp.After(recent.Min(), window), TimeSpan.FromSeconds(1));
        return new(status, live > 0, notes, fewer is null || holders.LookAgainAt < fewer ? holders.LookAgainAt ?? fewer : fewer) { LookFor = holders.LookFor };
    }

    private static IReadOnlyList<Condition> ConditionsOf(PolicyFacts facts, IReadOnlyList<RoleSummary> roles, int recent, DateTimeOffset? lastActivation)
    {
        var (policy, now, generation) = (facts.Policy, facts.Now, facts.Policy.Metadata.Generation);
        var missing = policy.Spec.Access.SelectMany(e => RoleSummaries.Missing(e, facts.Cluster)).ToList();
        var changed = RolePins.Changed(roles);
        var (resolved, why, words) = (missing.Count, changed.Count) switch
        {
            (> 0, _) => (false, "RoleNotFound", $"There is no {string.Join(", no ", missing)}; create it, or mend spec.access."),
            (_, > 0) => (false, "RoleChanged", Grown(policy, changed)),
            _ => (true, "RolesFound", "Every role that the policy names exists, with the rules it had when the policy was written."),
        };
        var conditions = policy.Status.Conditions.With("RolesResolved", resolved, why, words, generation, now);
        var (ready, reason, message) = Readiness(facts, missing, changed);
        conditions = conditions.With("Ready", ready, reason, message, generation, now);
        conditions = policy.Spec.Overuse is not { } overuse ? conditions.Without(Overused) : recent >= overuse.Activations
            ? conditions.With(Overused, true, "TooManyActivations", $"{recent} activation(s) within {overuse.Window}; {overuse.Activations} count as too "
                + "many. Emergency access has become a habit: give those who need it what they need by other means.", generation, now)
            : conditions.With(Overused, false, "WithinBounds", $"{recent} activation(s) within {overuse.Window}; {overuse.Activations} count as too many.",
                generation, now);
        conditions = lastActivation is null
            ? conditions.With("NeverExercised", true, "NoActivation",
                "No grant of this policy was ever active. Try it before it is needed: a glass that was never broken may not break.", generation, now)
            : conditions.With("NeverExercised", false, "Activated", $"Last activated at {Timestamp.Text(lastActivation.Value)}.", generation, now);
        conditions = facts.Guard?.For(policy.Spec) is { } guard
            ? conditions.With("Guarded", guard.Guarded, guard.Reason, guard.Message, generation, now) : conditions.Without("Guarded");
        conditions = WhatIsReachedAndLeft(conditions, facts, generation);
        if (facts.ClockSkew is not { } skew || skew.Duration() <= facts.Settings.NotableClockSkew) return conditions.Without("ClockSkewed");
        return conditions.With("ClockSkewed", true, "ClocksDiffer",
            $"The operator's clock is more than {GoDuration.Format(facts.Settings.NotableClockSkew)} away from the API server's; "
                + $"above {GoDuration.Format(facts.Settings.LargestClockSkew)} no grant is activated. Mend NTP.",
            generation, now);
    }

    private static IReadOnlyList<Condition> WhatIsReachedAndLeft(IReadOnlyList<Condition> conditions, PolicyFacts facts, long? generation)
    {
        var spec = facts.Policy.Spec;
        var reaches = ControlPlaneReach.Of(spec, facts.Settings, e => RoleSummaries.RulesOf(e, facts.Cluster)).Select(p => $"{p}.").ToList();
        conditions = reaches.Count == 0
            ? conditions.Without(ControlPlaneReach.Reason)
            : conditions.With(ControlPlaneReach.Reason, true, "RightsOverControlPlane", string.Join(" ", reaches), generation, facts.Now);
        return facts.Stamp?.For(spec) is { } stamp
            ? conditions.With(StampInstallation.Condition, stamp.Stamped, stamp.Reason, stamp.Message, generation, facts.Now) : conditions;
    }

    private static RoleSummary Summary(AccessEntry entry, PolicyFacts facts)
    {
        var summary = RoleSummaries.Of(entry, facts.Cluster);
        return facts.Actors.GetValueOrDefault(entry.Name) is { } findings
            ? ActingAs.Tell(summary, findings)
            : ActingAs.Remember(summary, facts.Policy.Status.Roles.FirstOrDefault(r => r.Name == entry.Name));
    }

    private static (bool Ready, string Reason, string Message) Readiness(PolicyFacts facts, List<string> missing, IReadOnlyList<string> changed)
    {
        var problems = PolicyRules.Check(facts.Policy, facts.Settings);
        if (problems.Count > 0) return (false, problems[0].Reason, string.Join(" ", problems.Select(p => $"{p}.")));
        if (facts.Seal is not SealState.Valid)
        {
            return (false, "PolicyNotSealed",
                $"{(facts.Seal is SealState.Missing ? "The policy carries no seal" : "The policy's seal does not fit it")}: it was written past this "
                    + "operator's admission webhook, so nothing proves who wrote it, and no grant is given. Have somebody who may bind its roles ask for a "
                    + $"seal: kubectl annotate --overwrite bgp {facts.Policy.Metadata.Name} {Sealing.Seal.Annotation}=renew");
        }

        if (missing.Count > 0) return (false, "RoleNotFound", $"There is no {string.Join(", no ", missing)}; create it, or mend spec.access.");
        if (changed.Count > 0 && facts.Policy.Spec.RolePinning is RolePinning.Suspend) return (false, "RoleChanged", Grown(facts.Policy, changed));
        if (facts.Unbindable.Count > 0)
        {
            return (false, "RoleNotBindable",
                $"The operator may not bind {string.Join(", ", facts.Unbindable)}; add it to the operator's allow-list (ClusterRole "
                    + "breakglass-operator-bind), or mend spec.access.");
        }

        return facts.Policy.Spec.Suspended
            ? (false, "Suspended", "spec.suspended is true: no grant is given, and the active ones are revoked.")
            : (true, "Accepted", "Grants of this policy can be given.");
    }

    private static string Grown(BreakGlassPolicy policy, IReadOnlyList<string> changed) =>
        $"The rules behind {string.Join(", ", changed)} are not those of when the policy was "
            + $"written{(policy.Spec.RolePinning is RolePinning.Suspend ? ", so no grant is given" : "")}. Look at status.roles; if it is meant, "
            + "apply the policy again with a change (for example of its description).";

    private static GrantNote RoleChanged(RoleSummary role) => new(true, "RoleChanged", "Observe",
        $"The rules that access entry '{role.Name}' gives have changed; "
            + $"it has {role.Rules} rules now{(role.Wildcard ? ", with wildcards" : "")}{(role.CanEscalate ? ", and can escalate" : "")}. Check whether "
            + "that is meant.") { About = role.Name };
}
