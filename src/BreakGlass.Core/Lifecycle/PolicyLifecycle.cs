using BreakGlass.Core.Leftovers;
using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What a policy's status says of it.</summary>
public static class PolicyLifecycle
{
    private static readonly TimeSpan UsualWindow = TimeSpan.FromHours(168);

    /// <summary>How soon it is looked again whether audit events arrive.</summary>
    private static readonly TimeSpan SilentRetry = TimeSpan.FromSeconds(10);

    /// <summary>Decides.</summary>
    public static PolicyPlan Decide(PolicyFacts facts)
    {
        var policy = facts.Policy;
        var roles = RolePins.Pin(policy, [.. policy.Spec.Access.Select(e => Summary(e, facts))], facts.Seal is SealState.Valid, out var pinned);
        var changed = pinned != policy.Status.PinnedGeneration
            ? [] : roles.Where(r => policy.Status.Roles.FirstOrDefault(b => b.Name == r.Name)?.Hash is { } before && r.Hash is not null && before != r.Hash);

        var window = GoDuration.TryParse(policy.Spec.Overuse?.Window, out var overuse) ? overuse : UsualWindow;
        var active = facts.Grants.Where(g => g.Status.WasActive).ToLookup(g => DrillRules.IsDrill(g, facts.Settings));
        var activations = active[false].Select(g => g.Status.ActivatedAt).OfType<DateTimeOffset>().ToList();
        var drilled = active[true].Max(g => g.Status.ActivatedAt);
        var recent = activations.Where(a => Timestamp.After(a, window) > facts.Now).ToList();
        var live = facts.Grants.Count(g => g.Status.IsRecorded && !g.Status.IsTerminal);
        var holders = PolicyHolders.Decide(facts);

        // Finished grants are deleted in time; the last use is remembered nevertheless.
        DateTimeOffset? last = activations.Count == 0 ? policy.Status.LastActivatedAt : activations.Max();
        if (last < policy.Status.LastActivatedAt) last = policy.Status.LastActivatedAt;

        var status = policy.Status with
        {
            ObservedGeneration = policy.Metadata.Generation,
            Conditions = ConditionsOf(facts, roles, recent.Count, last, drilled),
            ActiveGrants = facts.Grants.Count(g => g.Status.Phase is GrantPhase.Active),
            ActivationsInWindow = recent.Count,
            LastActivatedAt = last,
            Roles = roles,
            PinnedGeneration = pinned,
            Holders = holders.Holders,
        };
        var events = changed.Select(RoleChanged).ToList();
        if (Conditions.IsTrue(status.Conditions, PolicyConditions.Overused) && !Conditions.IsTrue(policy.Status.Conditions, PolicyConditions.Overused))
        {
            events.Add(new(true, EventReasons.PolicyOverused, EventActions.Observe, Conditions.Find(status.Conditions, PolicyConditions.Overused)!.Message));
        }

        DateTimeOffset? fewer = recent.Count == 0 ? null : Timestamp.After(Timestamp.After(recent.Min(), window), TimeSpan.FromSeconds(1));
        var next = fewer is null || holders.LookAgainAt < fewer ? holders.LookAgainAt ?? fewer : fewer;
        if (policy.Spec.IdleTimeout is not null && facts.Audit is { } audit)
        {
            var look = audit.SilentAt > facts.Now ? audit.SilentAt : facts.Now + SilentRetry;
            if (next is null || look < next) next = look;
        }

        return new(status, live > 0, events, next) { LookFor = holders.LookFor };
    }

    private static IReadOnlyList<Condition> ConditionsOf(
        PolicyFacts facts, IReadOnlyList<RoleSummary> roles, int recent, DateTimeOffset? lastActivation, DateTimeOffset? drilled)
    {
        var (policy, now, generation) = (facts.Policy, facts.Now, facts.Policy.Metadata.Generation);
        var missing = policy.Spec.Access.SelectMany(e => RoleSummaries.Missing(e, facts.Cluster)).ToList();
        var changed = RolePins.Changed(roles);
        var (resolved, why, words) = (missing.Count, changed.Count) switch
        {
            (> 0, _) => (false, PolicyConditions.RoleNotFound, PolicyMessages.RoleNotFound(missing)),
            (_, > 0) => (false, PolicyConditions.RoleChanged, PolicyMessages.RoleChanged(policy, changed)),
            _ => (true, PolicyConditions.RolesFound, PolicyMessages.RolesFound),
        };
        var conditions = policy.Status.Conditions.With(PolicyConditions.RolesResolved, resolved, why, words, generation, now);
        var (ready, reason, message) = Readiness(facts, missing, changed);
        conditions = conditions.With(PolicyConditions.Ready, ready, reason, message, generation, now);
        conditions = policy.Spec.Overuse is not { } overuse ? conditions.Without(PolicyConditions.Overused) : recent >= overuse.Activations
            ? conditions.With(
                PolicyConditions.Overused, true, PolicyConditions.TooManyActivations, PolicyMessages.Overused(recent, overuse), generation, now)
            : conditions.With(
                PolicyConditions.Overused, false, PolicyConditions.WithinBounds, PolicyMessages.Activations(recent, overuse), generation, now);
        conditions = (lastActivation, drilled) switch
        {
            ({ } at, _) => conditions.With(
                PolicyConditions.NeverExercised, false, PolicyConditions.Activated, PolicyMessages.LastActivated(at), generation, now),
            (_, { } at) => conditions.With(
                PolicyConditions.NeverExercised, false, PolicyConditions.Drilled, PolicyMessages.LastDrilled(at), generation, now),
            _ => conditions.With(PolicyConditions.NeverExercised, true, PolicyConditions.NoActivation, PolicyMessages.NeverExercised, generation, now),
        };
        conditions = facts.Guard?.For(policy.Spec) is { } guard
            ? conditions.With(PolicyConditions.Guarded, guard.Guarded, guard.Reason, guard.Message, generation, now)
            : conditions.Without(PolicyConditions.Guarded);
        conditions = WhatIsReachedAndLeft(conditions, facts, generation);
        conditions = facts.Audit is { } audit && policy.Spec.IdleTimeout is not null
            ? IdleUse.Observed(conditions, audit, generation, now) : conditions.Without(PolicyConditions.Observed);
        conditions = WhetherVouchersWork(conditions, facts, generation);
        if (facts.ClockSkew is not { } skew || skew.Duration() <= facts.Settings.NotableClockSkew) return conditions.Without(PolicyConditions.ClockSkewed);
        return conditions.With(
            PolicyConditions.ClockSkewed, true, PolicyConditions.ClocksDiffer, PolicyMessages.ClocksDiffer(facts.Settings), generation, now);
    }

    private static IReadOnlyList<Condition> WhatIsReachedAndLeft(IReadOnlyList<Condition> conditions, PolicyFacts facts, long? generation)
    {
        var spec = facts.Policy.Spec;
        var reaches = ControlPlaneReach.Of(spec, facts.Settings, e => RoleSummaries.RulesOf(e, facts.Cluster)).Select(p => $"{p}.").ToList();
        conditions = reaches.Count == 0
            ? conditions.Without(PolicyConditions.ReachesControlPlane)
            : conditions.With(
                PolicyConditions.ReachesControlPlane, true, PolicyConditions.RightsOverControlPlane, string.Join(" ", reaches), generation, facts.Now);
        return facts.Stamp?.For(spec) is { } stamp
            ? conditions.With(PolicyConditions.Stamped, stamp.Stamped, stamp.Reason, stamp.Message, generation, facts.Now) : conditions;
    }

    /// <summary>A condition of its own: without its authority, a policy still gives access to people who can sign in.</summary>
    private static IReadOnlyList<Condition> WhetherVouchersWork(IReadOnlyList<Condition> conditions, PolicyFacts facts, long? generation)
    {
        if (facts.Policy.Spec.Vouchers?.Authority is not { } name) return conditions.Without(PolicyConditions.VouchersReady);
        var (works, reason, message) = facts.Authority switch
        {
            null or { Metadata.DeletionTimestamp: not null } => (false, PolicyConditions.AuthorityNotFound, PolicyMessages.AuthorityNotFound(name)),
            { Status.Conditions: var found } when Conditions.IsTrue(found, AuthorityConditions.Ready) =>
                (true, PolicyConditions.AuthorityReady, PolicyMessages.AuthorityReady(name)),
            { Status.Conditions: var found } => (false, PolicyConditions.AuthorityNotReady,
                PolicyMessages.AuthorityNotReady(name, Conditions.Find(found, AuthorityConditions.Ready))),
        };
        return conditions.With(PolicyConditions.VouchersReady, works, reason, message, generation, facts.Now);
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
            return (false, PolicyConditions.PolicyNotSealed, PolicyMessages.NotSealed(facts.Policy, facts.Seal));
        if (missing.Count > 0) return (false, PolicyConditions.RoleNotFound, PolicyMessages.RoleNotFound(missing));
        if (changed.Count > 0 && facts.Policy.Spec.RolePinning is RolePinning.Suspend)
            return (false, PolicyConditions.RoleChanged, PolicyMessages.RoleChanged(facts.Policy, changed));
        if (facts.Unbindable.Count > 0) return (false, PolicyConditions.RoleNotBindable, PolicyMessages.RoleNotBindable(facts.Unbindable));
        if (JournalRules.IsRequired(facts.Policy.Spec, facts.Settings) && !facts.Settings.HasJournal)
            return (false, PolicyConditions.NoJournal, JournalMessages.PolicyWithoutJournal(facts.Policy));
        if (GatewayRules.Lacks(facts.Policy.Spec, facts.Settings) is { } lacks) return (false, lacks.Reason, $"{lacks}.");
        if (facts.Policy.Spec.Suspended) return (false, PolicyConditions.Suspended, PolicyMessages.Suspended);
        return facts.Policy.Spec.IdleTimeout is not null && facts.Audit is { } audit && audit.Arrives(facts.Now) is false
            ? (false, PolicyConditions.NotObserved, SessionMessages.NoEvents(audit.IsByGateway, audit.LastEventAt))
            : (true, PolicyConditions.Accepted, PolicyMessages.Accepted);
    }

    private static GrantEvent RoleChanged(RoleSummary role) =>
        new(true, EventReasons.RoleChanged, EventActions.Observe, PolicyMessages.RoleChanged(role)) { Distinct = role.Name };
}
