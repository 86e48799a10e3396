using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>Makes the events of a <see cref="RandomScenario"/> happen.</summary>
internal static class Happenings
{
    private static readonly string[] Names = ["payments", "shop", "late", "new"];

    /// <summary>Lets one event happen. What cannot happen now does not.</summary>
    public static void Happen(this ModelWorld world, ScenarioEvent what)
    {
        var (a, b) = (what.A, what.B);
        var ns = Names[a % Names.Length];
        var count = 0;
        switch (what.Kind)
        {
            case EventKind.Reconcile: world.Reconcile(); break;
            case EventKind.ReconcileShuffled: world.With(order: Shuffle(a)); break;
            case EventKind.DieInTheMiddle:
                world.With(_ => count++ == a % 12 ? (b % 2 == 0 ? StepFault.DiesBefore : StepFault.DiesAfter) : StepFault.None, Shuffle(b)); break;
            case EventKind.LoseAnswers: world.With(_ => count++ == a % 12 ? StepFault.AnswerLost : StepFault.None, Shuffle(b)); break;
            case EventKind.RefuseSome: world.With(_ => count++ == a % 12 ? StepFault.Refused : StepFault.None, Shuffle(b)); break;
            case EventKind.Crash: world.Crash(); break;
            case EventKind.LagCaches: world.CachesLag = true; break;
            case EventKind.CatchUp: world.CachesLag = false; break;
            case EventKind.StepTime: world.Now += TimeSpan.FromSeconds(a % 7 == 0 ? b * 4 : b % 60); break;
            case EventKind.JumpToEnd: world.Now = Later(world.Now, (world.Cluster.Grant?.Status.ExpiresAt ?? A.Start).AddMilliseconds((a % 3) - 1)); break;
            case EventKind.Lock: world.Lock(b % 2 == 0 ? null : A.Selector(("team", "another"))); break;
            case EventKind.Unlock: world.Unlock(); break;
            case EventKind.Relent: world.Relent(a % 2 == 0); break;
            case EventKind.SealGoes:
                (world.Seal, world.PolicySeal) = (a % 2 == 0 ? SealState.Broken : SealState.Valid, a % 2 == 0 ? SealState.Valid : SealState.Missing); break;
            case EventKind.SealComes: (world.Seal, world.PolicySeal) = (SealState.Valid, SealState.Valid); break;
            case EventKind.SiblingOpens: world.Cluster.Siblings = [.. world.Cluster.Siblings.RemoveAll(s => s.Metadata.Name == $"s{a % 3}"),
                GrantLimitTests.Live($"s{a % 3}", b % 2 == 0 ? "alice" : "bob")]; break;
            case EventKind.SiblingEnds: world.Cluster.Siblings = [.. world.Cluster.Siblings.Select(
                s => s.Metadata.Name == $"s{a % 3}" ? GrantLimitTests.Over(s.Metadata.Name, s.Spec.Requester!.Username, b % 10) : s)]; break;
            case EventKind.NamespaceCome: world.SetNamespace(A.Namespace(ns, ("team", "x"))); break;
            case EventKind.NamespaceRelabel when world.Cluster.Namespaces.ContainsKey(ns):
                world.SetNamespace(b % 2 == 0 ? A.Namespace(ns) : A.Namespace(ns, ("team", "y"))); break;
            case EventKind.NamespaceTerminate: world.TerminateNamespace(ns); break;
            case EventKind.NamespaceGo: world.RemoveNamespace(ns); break;
            case EventKind.RoleChange: world.SetClusterRole(b % 2 == 0 ? "edit" : "view", A.Rule("", "configmaps", "get")); break;
            case EventKind.Use: world.Cluster.LastUse = world.Now; break;
            case EventKind.EventsStop: world.Cluster.LastEvent ??= world.Now; break;
            case EventKind.EventsGoOn: world.Cluster.LastEvent = null; break;
            case EventKind.UnusualUse: world.Cluster.Unusual = world.Cluster.Unusual.Add(new((AnomalyKind)(a % 9), b, 0, ["x"])); break;
            case EventKind.RoleGo: world.RemoveClusterRole(b % 2 == 0 ? "edit" : "view"); break;
            case >= EventKind.AuthoritySuspend and <= EventKind.VouchersEnd: WithAuthority(world, what); break;
            default: Meddle(world, what); break;
        }
    }

    private static void WithAuthority(ModelWorld world, ScenarioEvent what)
    {
        if (world.Cluster.Authority is not { } authority) return;
        switch (what.Kind)
        {
            case EventKind.AuthoritySuspend: world.EditAuthority(s => s with { Suspended = true }); break;
            case EventKind.AuthorityResume: world.EditAuthority(s => s with { Suspended = false }); break;
            case EventKind.AuthorityKeyGoes when what.A % 2 == 0: world.EditAuthority(s => s with { Keys = [.. s.Keys.Skip(1)] }); break;
            case EventKind.AuthorityKeyGoes:
                world.EditAuthority(s => s with { Keys = [.. s.Keys.Select(k => k with { NotAfter = world.Now.AddMinutes(what.B % 30) })] }); break;
            case EventKind.AuthorityRevokes when what.A % 3 == 0: world.EditAuthority(s => s with { Revoked = ["v-1"] }); break;
            case EventKind.AuthorityGoes when what.A % 3 == 0: world.Cluster.Authority = null; break;
            case EventKind.VoucherUsedElsewhere when authority.Status.Used.Count == 0:
                world.Cluster.WriteAuthorityStatus(authority, authority.Status with
                {
                    Used =
                    [
                        new() { Id = what.A % 2 == 0 ? "v-1" : "v-2", Grant = "x", GrantUid = "x-1", At = world.Now, ExpiresAt = world.Now.AddDays(9) },
                    ],
                });
                break;
            case EventKind.VouchersEnd when world.Cluster.Policy is not null && what.A % 3 == 0: world.EditPolicy(s => s with { Vouchers = null }); break;
        }
    }

    private static void Meddle(ModelWorld world, ScenarioEvent what)
    {
        var (a, b) = (what.A, what.B);
        if (world.Cluster.Policy is { } policy)
        {
            switch (what.Kind)
            {
                case EventKind.LimitChange: world.EditPolicy(s => s with { Limits = a % 3 == 0 ? null : new() { MaxActive = 1 + (b % 2) } }); return;
                case EventKind.WindowChange when policy.Spec.Schedule is not null: world.EditPolicy(
                    s => s with { Schedule = s.Schedule! with { Windows = [s.Schedule.Windows[0] with { End = $"01:{10 + (a % 45)}" }] } }); return;
                case EventKind.HolderComes:
                    world.Cluster.WritePolicyStatus(policy, policy.Status with { Holders = [.. policy.Status.Holders.Where(h => h.Grant != $"h{a % 2}"),
                        GrantLimitTests.Holder($"h{a % 2}", b % 2 == 0 ? "alice" : "bob")] }); return;
                case EventKind.PolicyNarrow when policy.Spec.Access.Count > 1:
                    world.EditPolicy(s => s with { Access = [.. s.Access.Where((_, i) => i != a % s.Access.Count)] }); return;
                case EventKind.PolicyNarrow:
                    world.EditPolicy(s => s with { Access =
                        [.. s.Access.Select(e => e.Namespaces.Count > 1 ? e with { Namespaces = [e.Namespaces[a % e.Namespaces.Count]] } : e)] }); return;
                case EventKind.PolicyWiden:
                    world.EditPolicy(s => s with { Access = [.. s.Access
                        .Select(e => e.Namespaces.Count > 0 ? e with { Namespaces = [.. e.Namespaces.Union(["kube-system", "shop"])] } : e)] }); return;
                case EventKind.PolicySuspend: world.EditPolicy(s => s with { Suspended = true }); return;
                case EventKind.PolicyResume: world.EditPolicy(s => s with { Suspended = false }); return;
                case EventKind.PolicyShorten: world.EditPolicy(s => s with { Duration = new() { Default = "1s", Max = $"{1 + (a % 40)}m" } }); return;
                case EventKind.SessionTermsChange:
                    world.EditPolicy(s => s with { IdleTimeout = a % 3 == 0 ? null : $"{1 + (b % 10)}m",
                        Session = b % 2 == 0 ? null : new() { OnAnomaly = AnomalyHandling.Revoke,
                            Path = a % 2 == 0 && s.Credential is CredentialKind.ServiceAccountToken ? SessionPath.Gateway : SessionPath.Direct } }); return;
                case EventKind.PolicyDelete: world.DeletePolicy(); return;
            }
        }

        if (what.Kind is EventKind.PolicyAgain) world.Cluster.Policy = A.Policy(s => world.Cluster.Policy?.Spec ?? s, uid: world.Cluster.NewId("policy-"));
        if (world.Cluster.Grant is not { } grant) return;
        var objects = world.Cluster.Objects.Values.Where(o => GrantNames.Owns(grant, o)).OrderBy(o => ObjectPlace.Of(o).ToString(), StringComparer.Ordinal)
            .ToList();
        var o = objects.Count == 0 ? null : objects[a % objects.Count];
        switch (what.Kind)
        {
            case EventKind.Approve: world.Decide(new[] { "carol", "dave", "alice", "mallory" }[a % 4], group: a % 4 == 3 ? "dev" : "approvers"); break;
            case EventKind.Object when a % 4 == 0: world.Decide("erin", "Deny", b % 2 == 0 ? "approvers" : "dev"); break;
            case EventKind.WithdrawApprovals: world.Cluster.Approvals = []; break;
            case EventKind.Review: world.Review(new[] { "sam", "alice", "carol" }[a % 3]); break;
            case EventKind.Revoke when grant.Spec.Revoke is null: world.Revoke(); break;
            case EventKind.DeleteGrant: world.DeleteGrant(); break;
            case EventKind.TouchGrant: world.Meanwhile = () => { if (world.Cluster.Grant is not null) world.Write(g => g); }; break;
            case EventKind.TakeFinalizer when grant.Metadata.DeletionTimestamp is null:
                world.Write(g => g with { Metadata = g.Metadata with { Finalizers = [] } }); break;
            case EventKind.ForgePhase: world.ForgeStatus(s => s with { Phase = (GrantPhase)(a % 8) }); break;
            case EventKind.ForgeEnd: world.ForgeStatus(s => s.ExpiresAt is null
                ? s : s with { ExpiresAt = A.Start.AddDays(a), ActivatedAt = b % 3 == 0 ? DateTimeOffset.MaxValue : s.ActivatedAt }); break;

            // A finished grant without finalizer and status looks like one that was just created; nothing tells them apart for an hour.
            case EventKind.WipeStatus when grant.Status.IsTerminal: break;
            case EventKind.WipeStatus: world.ForgeStatus(s => b % 3 == 0 ? s with { Bindings = [] } : b % 3 == 1 ? s with { Access = [] } : new()); break;
            case EventKind.DeleteObject when o is not null: world.Delete(o); break;
            case EventKind.StripLabels when o is not null && world.Cluster.AccessBindings.Contains(o): world.StripLabels(o); break;

            // The Secret's are a test of their own: what lost its mark of delivery is made again only after a minute of refusals.
            case EventKind.StripAnnotations when o is not null and not SecretMetadata: world.StripAnnotations(o); break;
            case EventKind.AddSubject when o is not null: world.AddSubject(o, Bound.User("mallory")); break;
            case EventKind.ReplaceRole when o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } or V1ClusterRoleBinding && CanReplace(world, o):
                world.Replace(o, x => ModelWorld.WithRole(x, "admin")); break;
            case EventKind.ForgeGrantUid when o is not null:
                world.Tamper(o, x => ModelCluster.With(x, m => m with { Annotations = A.Labels((BreakGlassApi.GrantUidAnnotation, "grant-x")) })); break;
            case EventKind.ForeignObject when o is not null && CanReplace(world, o):
                world.Replace(o, x => ModelWorld.WithSubjects(ModelWorld.Unmarked(x), Bound.User("bob"))); break;
        }
    }

    private static bool CanReplace(ModelWorld world, IKubernetesObject<V1ObjectMeta> o) =>
        o.Metadata.NamespaceProperty is null || world.Cluster.Namespaces[o.Metadata.NamespaceProperty].Metadata.DeletionTimestamp is null;

    private static void With(this ModelWorld world, Func<PlanStep, StepFault>? faults = null,
        Func<IReadOnlyList<PlanStep>, IReadOnlyList<PlanStep>>? order = null)
    {
        (world.Faults, world.Order) = (faults ?? (_ => StepFault.None), order ?? (s => s));
        world.Reconcile();
        (world.Faults, world.Order) = (_ => StepFault.None, s => s);
    }

    /// <summary>Any order, always the same for one seed.</summary>
    public static Func<IReadOnlyList<PlanStep>, IReadOnlyList<PlanStep>> Shuffle(int seed) => steps =>
        [.. steps.Select((step, i) => (step, key: ((i + 1) * 7919 * (seed + 1)) % 1009)).OrderBy(p => p.key).Select(p => p.step)];

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b || b > A.Start.AddDays(2) ? a : b;
}
