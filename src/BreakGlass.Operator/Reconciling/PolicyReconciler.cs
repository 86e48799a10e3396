using BreakGlass.Operator.Guard;
using BreakGlass.Operator.Leftovers;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Reconciling;

/// <summary>Keeps a policy's status true, and keeps the policy until its grants are revoked.</summary>
internal sealed class PolicyReconciler(KubeClient client, ClusterCaches caches, SealKeyring seals, Announcer announcer, GuardProbe guard, StampProbe stamp,
    ActorProbe actors, CoreSettings settings, SteadyClock time, AuditPulse? pulse = null, AuditPulse? gateway = null)
    : IEntityController<BreakGlassPolicy>
{
    private static readonly TimeSpan BindableFor = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<(RoleReference Role, string? Namespace), DateTimeOffset> _bindable = new();

    public async Task<ReconciliationResult<BreakGlassPolicy>> ReconcileAsync(BreakGlassPolicy policy, CancellationToken cancellationToken)
    {
        var name = policy.Metadata.Name;

        // A policy is not called unsealed because the keys cannot be read for a while.
        if (!await seals.CanJudgeAsync([policy], SealKeyring.Period, cancellationToken))
        {
            return ReconciliationResult<BreakGlassPolicy>.Success(policy, time.GetUtcNow() + SealKeyring.Period, Lane.Background);
        }

        PolicyFacts facts = new()
        {
            Now = time.GetUtcNow(),
            Settings = settings,
            Policy = policy,
            Seal = seals.Check.Of(policy),
            Grants = caches.Grants.Store.ByIndex(ClusterCaches.ByPolicy, name),
            Cluster = caches.View.Now(),
            Unbindable = await UnbindableAsync(policy, cancellationToken),
            Guard = await guard.AskAsync(cancellationToken),
            Stamp = await stamp.AskAsync(cancellationToken),
            Actors = actors.Latest(policy),
            Audit = (GatewayRules.ShowsUse(policy.Spec) ? gateway : pulse)?.Now,
            Authority = policy.Spec.Vouchers is { } vouchers ? caches.Authority(vouchers.Authority) : null,
            ClockSkew = time.Skew,
        };
        var plan = PolicyLifecycle.Decide(facts);
        if (plan.LookFor.Count > 0)
        {
            var absent = await AbsentAsync(plan.LookFor, cancellationToken);
            plan = PolicyLifecycle.Decide(facts with { Grants = caches.Grants.Store.ByIndex(ClusterCaches.ByPolicy, name), Absent = absent });
        }

        if (await HoldAsync(policy, plan.HoldsFinalizer, cancellationToken) is not { } held) return ReconciliationResult<BreakGlassPolicy>.Success(null);
        var next = held with { Status = plan.Status };
        if (!KubeKinds.Same(held, next))
        {
            var written = await client.ReplaceStatusAsync(next, cancellationToken);
            caches.Learn(written);
            foreach (var happened in plan.Events) announcer.Announce(written, happened);
        }

        return ReconciliationResult<BreakGlassPolicy>.Success(held, plan.LookAgainAt, Lane.Background);
    }

    /// <summary>Looks on the server itself for grants that hold a place under the policy's limits and that no cache shows.</summary>
    private async Task<IReadOnlyCollection<string>> AbsentAsync(IReadOnlyList<HolderRecord> holders, CancellationToken cancellationToken)
    {
        var absent = new List<string>();
        foreach (var holder in holders)
        {
            if (await client.TryGetAsync<BreakGlassGrant>(holder.Grant, null, cancellationToken) is { } grant && grant.Metadata.Uid == holder.Uid)
                caches.LearnRead(grant);
            else absent.Add(holder.Uid);
        }

        return absent;
    }

    private async Task<BreakGlassPolicy?> HoldAsync(BreakGlassPolicy policy, bool hold, CancellationToken cancellationToken)
    {
        var holds = policy.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer);
        if (holds == hold || (hold && policy.Metadata.DeletionTimestamp is not null)) return policy;
        IEnumerable<string> finalizers = hold
            ? [.. policy.FinalizersOrEmpty, BreakGlassApi.RevokeFinalizer]
            : policy.FinalizersOrEmpty.Where(f => f != BreakGlassApi.RevokeFinalizer);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = policy.Metadata.Uid,
                ["resourceVersion"] = policy.Metadata.ResourceVersion,
                ["finalizers"] = new JsonArray([.. finalizers.Select(f => JsonValue.Create(f))]),
            },
        };
        var written = await client.MergePatchAsync<BreakGlassPolicy>(policy.Metadata.Name, null, patch, cancellationToken);
        caches.Learn(written);
        return written.Metadata.DeletionTimestamp is not null && written.FinalizersOrEmpty.Count == 0 ? null : written;
    }

    /// <summary>Asks the API server whether the operator may bind the policy's roles: better said before an incident than in it.</summary>
    private async Task<IReadOnlyList<RoleReference>> UnbindableAsync(BreakGlassPolicy policy, CancellationToken cancellationToken)
    {
        var unbindable = new List<RoleReference>();
        foreach (var (role, ns) in policy.Spec.Access.Select(e => (e.RoleRef, e.Namespaces is [var first, ..] ? first : null)).Distinct().Take(32))
        {
            if (!await CanBindAsync(role, ns, cancellationToken)) unbindable.Add(role);
        }

        return [.. unbindable.Distinct()];
    }

    /// <summary>A policy is looked at whenever one of its grants moves, but the operator's own rights hardly ever change: a yes holds for a while.</summary>
    private async Task<bool> CanBindAsync(RoleReference role, string? ns, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_bindable.TryGetValue((role, ns), out var asked) && now - asked < BindableFor && asked <= now) return true;
        var review = await client.CreateAsync(new V1SelfSubjectAccessReview
        {
            Spec = new()
            {
                ResourceAttributes = new()
                {
                    Verb = "bind",
                    Group = V1Role.KubeGroup,
                    Resource = role.Kind == V1Role.KubeKind ? "roles" : "clusterroles",
                    Name = role.Name,
                    NamespaceProperty = ns,
                },
            },
        }, cancellationToken);
        if (review.Status?.Allowed is not true) return false;
        _bindable[(role, ns)] = now;
        return true;
    }
}
