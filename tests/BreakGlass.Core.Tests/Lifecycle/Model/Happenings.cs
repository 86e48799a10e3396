using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>Makes the events of a <see cref="Scenario"/> happen.</summary>
internal static class Happenings
{
    private static readonly string[] Names = ["payments", "shop", "late", "new"];

    /// <summary>Lets one event happen. What cannot happen now does not.</summary>
    public static void Happen(this World world, Event what)
    {
        var (a, b) = (what.A, what.B);
        var ns = Names[a % Names.Length];
        var count = 0;
        switch (what.Kind)
        {
            case Kind.Reconcile: world.Reconcile(); break;
            case Kind.ReconcileShuffled: world.With(order: Shuffle(a)); break;
            case Kind.DieInTheMiddle: world.With(_ => count++ == a % 12 ? (b % 2 == 0 ? Fault.DiesBefore : Fault.DiesAfter) : Fault.None, Shuffle(b)); break;
            case Kind.LoseAnswers: world.With(_ => count++ == a % 12 ? Fault.AnswerLost : Fault.None, Shuffle(b)); break;
            case Kind.RefuseSome: world.With(_ => count++ == a % 12 ? Fault.Refused : Fault.None, Shuffle(b)); break;
            case Kind.Crash: world.Crash(); break;
            case Kind.LagCaches: world.CachesLag = true; break;
            case Kind.CatchUp: world.CachesLag = false; break;
            case Kind.StepTime: world.Now += TimeSpan.FromSeconds(a % 7 == 0 ? b * 4 : b % 60); break;
            case Kind.JumpToEnd: world.Now = Later(world.Now, (world.Cluster.Grant?.Status.ExpiresAt ?? A.Start).AddMilliseconds((a % 3) - 1)); break;
            case Kind.Lock: world.Lock(b % 2 == 0 ? null : A.Selector(("team", "another"))); break;
            case Kind.Unlock: world.Unlock(); break;
            case Kind.Relent: world.Relent(a % 2 == 0); break;
            case Kind.SealGoes:
                (world.Seal, world.PolicySeal) = (a % 2 == 0 ? SealState.Broken : SealState.Valid, a % 2 == 0 ? SealState.Valid : SealState.Missing); break;
            case Kind.SealComes: (world.Seal, world.PolicySeal) = (SealState.Valid, SealState.Valid); break;
            case Kind.SiblingOpens: world.Cluster.Siblings = [.. world.Cluster.Siblings.RemoveAll(s => s.Metadata.Name == $"s{a % 3}"),
                GrantLimitTests.Live($"s{a % 3}", b % 2 == 0 ? "alice" : "bob")]; break;
            case Kind.SiblingEnds: world.Cluster.Siblings = [.. world.Cluster.Siblings.Select(
                s => s.Metadata.Name == $"s{a % 3}" ? GrantLimitTests.Over(s.Metadata.Name, s.Spec.Requester!.Username, b % 10) : s)]; break;
            case Kind.NamespaceCome: world.SetNamespace(A.Namespace(ns, ("team", "x"))); break;
            case Kind.NamespaceRelabel when world.Cluster.Namespaces.ContainsKey(ns):
                world.SetNamespace(b % 2 == 0 ? A.Namespace(ns) : A.Namespace(ns, ("team", "y"))); break;
            case Kind.NamespaceTerminate: world.TerminateNamespace(ns); break;
            case Kind.NamespaceGo: world.RemoveNamespace(ns); break;
            case Kind.RoleChange: world.SetClusterRole(b % 2 == 0 ? "edit" : "view", A.Rule("", "configmaps", "get")); break;
            case Kind.RoleGo: world.RemoveClusterRole(b % 2 == 0 ? "edit" : "view"); break;
            default: Meddle(world, what); break;
        }
    }

    private static void Meddle(World world, Event what)
    {
        var (a, b) = (what.A, what.B);
        if (world.Cluster.Policy is { } policy)
        {
            switch (what.Kind)
            {
                case Kind.LimitChange: world.EditPolicy(s => s with { Limits = a % 3 == 0 ? null : new() { MaxActive = 1 + (b % 2) } }); return;
                case Kind.WindowChange when policy.Spec.Schedule is not null: world.EditPolicy(
                    s => s with { Schedule = s.Schedule! with { Windows = [s.Schedule.Windows[0] with { End = $"01:{10 + (a % 45)}" }] } }); return;
                case Kind.HolderComes:
                    world.Cluster.WritePolicyStatus(policy, policy.Status with { Holders = [.. policy.Status.Holders.Where(h => h.Grant != $"h{a % 2}"),
                        GrantLimitTests.Holder($"h{a % 2}", b % 2 == 0 ? "alice" : "bob")] }); return;
                case Kind.PolicyNarrow when policy.Spec.Access.Count > 1:
                    world.EditPolicy(s => s with { Access = [.. s.Access.Where((_, i) => i != a % s.Access.Count)] }); return;
                case Kind.PolicyNarrow:
                    world.EditPolicy(s => s with { Access =
                        [.. s.Access.Select(e => e.Namespaces.Count > 1 ? e with { Namespaces = [e.Namespaces[a % e.Namespaces.Count]] } : e)] }); return;
                case Kind.PolicyWiden:
                    world.EditPolicy(s => s with { Access = [.. s.Access
                        .Select(e => e.Namespaces.Count > 0 ? e with { Namespaces = [.. e.Namespaces.Union(["kube-system", "shop"])] } : e)] }); return;
                case Kind.PolicySuspend: world.EditPolicy(s => s with { Suspended = true }); return;
                case Kind.PolicyResume: world.EditPolicy(s => s with { Suspended = false }); return;
                case Kind.PolicyShorten: world.EditPolicy(s => s with { Duration = new() { Default = "1s", Max = $"{1 + (a % 40)}m" } }); return;
                case Kind.PolicyDelete: world.DeletePolicy(); return;
            }
        }

        if (what.Kind is Kind.PolicyAgain) world.Cluster.Policy = A.Policy(s => world.Cluster.Policy?.Spec ?? s, uid: world.Cluster.NewId("policy-"));
        if (world.Cluster.Grant is not { } grant) return;
        var objects = world.Cluster.Objects.Values.Where(o => GrantNames.Owns(grant, o)).OrderBy(o => Place.Of(o).ToString(), StringComparer.Ordinal).ToList();
        var o = objects.Count == 0 ? null : objects[a % objects.Count];
        switch (what.Kind)
        {
            case Kind.Approve: world.Decide(new[] { "carol", "dave", "alice", "mallory" }[a % 4], group: a % 4 == 3 ? "dev" : "approvers"); break;
            case Kind.Object when a % 4 == 0: world.Decide("erin", "Deny", b % 2 == 0 ? "approvers" : "dev"); break;
            case Kind.WithdrawApprovals: world.Cluster.Approvals = []; break;
            case Kind.Review: world.Review(new[] { "sam", "alice", "carol" }[a % 3]); break;
            case Kind.Revoke when grant.Spec.Revoke is null: world.Revoke(); break;
            case Kind.DeleteGrant: world.DeleteGrant(); break;
            case Kind.TouchGrant: world.Meanwhile = () => { if (world.Cluster.Grant is not null) world.Write(g => g); }; break;
            case Kind.TakeFinalizer when grant.Metadata.DeletionTimestamp is null:
                world.Write(g => g with { Metadata = g.Metadata with { Finalizers = [] } }); break;
            case Kind.ForgePhase: world.ForgeStatus(s => s with { Phase = (GrantPhase)(a % 8) }); break;
            case Kind.ForgeEnd: world.ForgeStatus(s => s.ExpiresAt is null
                ? s : s with { ExpiresAt = A.Start.AddDays(a), ActivatedAt = b % 3 == 0 ? DateTimeOffset.MaxValue : s.ActivatedAt }); break;

            // A finished grant without finalizer and status looks like one that was just created; nothing tells them apart for an hour.
            case Kind.WipeStatus when grant.Status.IsTerminal: break;
            case Kind.WipeStatus: world.ForgeStatus(s => b % 3 == 0 ? s with { Bindings = [] } : b % 3 == 1 ? s with { Access = [] } : new()); break;
            case Kind.DeleteObject when o is not null: world.Delete(o); break;
            case Kind.StripLabels when o is not null && world.Cluster.AccessBindings.Contains(o): world.StripLabels(o); break;

            // The Secret's are a test of their own: what lost its mark of delivery is made again only after a minute of refusals.
            case Kind.StripAnnotations when o is not null and not SecretMetadata: world.StripAnnotations(o); break;
            case Kind.AddSubject when o is not null: world.AddSubject(o, Bound.User("mallory")); break;
            case Kind.ReplaceRole when o is V1RoleBinding { RoleRef.Kind: "ClusterRole" } or V1ClusterRoleBinding && CanReplace(world, o):
                world.Replace(o, x => World.WithRole(x, "admin")); break;
            case Kind.ForgeGrantUid when o is not null:
                world.Tamper(o, x => Cluster.With(x, m => m with { Annotations = A.Labels((BreakGlassApi.GrantUidAnnotation, "grant-x")) })); break;
            case Kind.ForeignObject when o is not null && CanReplace(world, o):
                world.Replace(o, x => World.WithSubjects(World.Unmarked(x), Bound.User("bob"))); break;
        }
    }

    private static bool CanReplace(World world, IKubernetesObject<V1ObjectMeta> o) =>
        o.Metadata.NamespaceProperty is null || world.Cluster.Namespaces[o.Metadata.NamespaceProperty].Metadata.DeletionTimestamp is null;

    private static void With(this World world, Func<PlanStep, Fault>? faults = null, Func<IReadOnlyList<PlanStep>, IReadOnlyList<PlanStep>>? order = null)
    {
        (world.Faults, world.Order) = (faults ?? (_ => Fault.None), order ?? (s => s));
        world.Reconcile();
        (world.Faults, world.Order) = (_ => Fault.None, s => s);
    }

    /// <summary>Any order, always the same for one seed.</summary>
    public static Func<IReadOnlyList<PlanStep>, IReadOnlyList<PlanStep>> Shuffle(int seed) => steps =>
        [.. steps.Select((step, i) => (step, key: ((i + 1) * 7919 * (seed + 1)) % 1009)).OrderBy(p => p.key).Select(p => p.step)];

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b || b > A.Start.AddDays(2) ? a : b;
}
