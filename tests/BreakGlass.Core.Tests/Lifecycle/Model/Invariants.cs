using BreakGlass.Core.Api;
using BreakGlass.Core.Lifecycle;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using FluentAssertions;
using k8s;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>
/// What holds at every moment of every life, told apart from how the code comes to it. It watches a <see cref="ModelWorld"/> and fails on the
/// first breach.
/// </summary>
internal sealed class Invariants
{
    private readonly ModelWorld _world;
    private readonly bool _forgeries;
    private readonly Dictionary<string, GrantPhase> _ended = [];
    private readonly HashSet<(string? Uid, int Life)> _cut = [];

    /// <param name="world">What is watched.</param>
    /// <param name="forgeries">Whether somebody may write a phase by hand; then it is not the operator that reopens a grant.</param>
    public Invariants(ModelWorld world, bool forgeries)
    {
        (_world, _forgeries) = (world, forgeries);
        world.Decided = OnDecided;
        world.Done = OnDone;
    }

    /// <summary>How many plans were seen, so that a property is not true for want of anything to look at.</summary>
    public int Plans { get; private set; }

    /// <summary>How many grants ended though the cause of their end was gone before the end was recorded.</summary>
    public int Outlasted { get; private set; }

    /// <summary>How each grant that was opened came to it.</summary>
    public HashSet<string> Opened { get; } = [];

    private void OnDecided(GrantFacts facts, GrantPlan plan)
    {
        Plans++;
        if (facts.Grant is not { } grant)
        {
            Hold(plan.Steps.All(s => s is PlanStep.Remove { Why: Removal.Orphan }), "for a grant that is gone nothing is done but removing what it left");
            return;
        }

        var terminal = grant.Status.IsTerminal;
        var due = GrantEnd.Of(grant, facts.Settings)?.At;
        foreach (var step in plan.Steps)
        {
            if (step is PlanStep.Create or PlanStep.IssueToken or PlanStep.IssueCertificate or PlanStep.Deliver or PlanStep.Repair or PlanStep.AddFinalizer)
            {
                Hold(!terminal, $"the plan of a finished grant never gives: {step}");
                Hold(due is { } at && facts.Now < at, $"nothing is given at or past the end: {step}");
                Hold(!facts.Lockdowns.Any(l => facts.Policy is null || l.Spec.PolicySelector is null), $"nothing is given under a lockdown: {step}");
                Hold(grant.Spec.Voucher is null || facts.Authority is { Spec.Suspended: false, Metadata.DeletionTimestamp: null },
                    $"nothing is given by a voucher that is not honoured: {step}");
                Hold(grant.Spec.Revoke is null && grant.Metadata.DeletionTimestamp is null, $"nothing is given to what was revoked or deleted: {step}");
            }

            if (step is PlanStep.Create or PlanStep.IssueToken or PlanStep.IssueCertificate or PlanStep.Deliver
                && JournalRules.IsRequired(facts.Policy?.Spec, facts.Settings))
                Hold(IsRecordJournaled(grant), $"nothing is created before the journal has the record: {step}");
            Hold(step is not PlanStep.IssueToken || grant.Status.Path is null, "no token is issued for a grant that goes through the gateway");
            Hold(step is not PlanStep.IssueCertificate { Until: var until } || (grant.Status.Path is SessionPath.Gateway && until <= due),
                "a certificate ends with the grant");
            if (step is PlanStep.Create { Object: var made }) OnCreate(grant, made);
            Hold(!Gives(grant, step) || !_cut.Contains((grant.Metadata.Uid, _world.Lives)), $"access that an operator cut is not given again: {step}");
            if ((step as PlanStep.Create)?.Object is { } o && ModelCluster.IsBinding(o)) OnGive(facts, grant, o);
            if (step is PlanStep.Repair { Desired: var mended } && ModelCluster.IsBinding(mended)) OnGive(facts, grant, mended);
            if (step is PlanStep.Reserve reserve) Openings.HoldPlace(facts, grant, reserve);
            if (step is PlanStep.WriteStatus write)
            {
                OnWrite(grant, write.Status, facts.Now);
                Hold(write.Events.Where(e => e.Anomaly is not null).All(
                    e => !grant.Status.Anomalies.Contains(e.Anomaly!.Value) && write.Status.Anomalies.Contains(e.Anomaly.Value)),
                    "what is unusual is reported once, with the status that remembers it");
                if (grant.Status.ExpiresAt is null && write.Status.ExpiresAt is not null) Opened.Add(Openings.Hold(facts, grant, write.Status));
            }
        }

        if (Ends(plan) && !Ends(GrantLifecycle.Decide(facts with { Findings = facts.Findings with { Ending = null } }))) Outlasted++;
        if (plan.Revokes) _cut.Add((grant.Metadata.Uid, _world.Lives));

        // Past its end it is live only while it cannot be seen or removed, and then that is tried every second.
        if (plan.Steps.Count == 0 && due is { } live)
        {
            Hold(plan.LookAgainAt <= (facts.Now < live ? live : facts.Now.AddSeconds(1)),
                $"a live grant is looked at by its end at the latest, not {plan.LookAgainAt:O}");
        }
    }

    private bool IsRecordJournaled(BreakGlassGrant grant)
    {
        var (recorded, number) = grant.Status.Transitions.Select((t, number) => (t, number)).Last(x => x.t.To is GrantPhase.Pending);
        return _world.Cluster.Journal.Exists(e => e.Uid == grant.Metadata.Uid && e.Transition.Number == number && e.Transition.At == recorded.At);
    }

    private static bool Gives(BreakGlassGrant grant, PlanStep step) => step switch
    {
        PlanStep.Create create => GrantLifecycle.GivesAccess(grant, create.Object),
        PlanStep.Repair repair => GrantLifecycle.GivesAccess(grant, repair.Desired),
        _ => step is PlanStep.IssueToken or PlanStep.IssueCertificate or PlanStep.Deliver,
    };

    private static bool Ends(GrantPlan plan) => plan.Steps.Any(s => s is PlanStep.WriteStatus write && write.Status.IsTerminal);

    /// <summary>Nothing exists that is not recorded, and nothing gives access before the finalizer holds the grant.</summary>
    private static void OnCreate(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> made)
    {
        var key = $"{made.Metadata.NamespaceProperty}/{made.Metadata.Name}";
        var recorded = made switch
        {
            V1ServiceAccount => grant.Status.ServiceAccount == key,
            V1Secret => grant.Status.CredentialSecret == key,
            _ when IsReader(grant, made) => grant.Status.CredentialSecret is not null,
            _ => grant.Status.Bindings.Any(b => ObjectPlace.Of(b) == ObjectPlace.Of(made)) && grant.FinalizersOrEmpty.Contains(BreakGlassApi.RevokeFinalizer),
        };
        Hold(recorded && grant.Status.ExpiresAt is not null, $"{made.KindName} {key} is recorded with its end before it is made");
        Hold(Timestamp.TryParse(made.AnnotationsOrEmpty[BreakGlassApi.ExpiresAtAnnotation], out var end) && end <= grant.Metadata.CreatedAt + Longest(grant),
            "the reaper finds a true end on it");
    }

    /// <summary>
    /// From creation to the last end that any policy could give: 12 hours, an hour to open, and the time that approvers or a planned start had it wait.
    /// </summary>
    private static TimeSpan Longest(BreakGlassGrant grant)
    {
        var waited = grant.Status.Approvals.Count > 0 || grant.Status.Transitions.Any(t => t.To is GrantPhase.AwaitingApproval) || grant.Status.IsBypassed;
        return TimeSpan.FromHours(
            13) + (waited ? TimeSpan.FromHours(168) : grant.Spec.StartTime is { } start && start > A.Start ? start - A.Start : TimeSpan.Zero);
    }

    /// <summary>A binding gives no more than what was recorded and what the policy says now, to the grant's identity alone.</summary>
    private void OnGive(GrantFacts facts, BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> binding)
    {
        if (IsReader(grant, binding))
        {
            Hold(ModelCluster.SubjectsOf(binding) is [{ Kind: "User" } reader] && reader.Name == grant.Spec.Requester!.Username,
                "only the requester reads the credential");
            return;
        }

        var policy = facts.Policy;
        Hold(policy is { Spec.Suspended: false } && policy.Metadata.Uid == grant.Status.PolicyUid, "the policy that decided is there and not suspended");
        var ns = binding.Metadata.NamespaceProperty;
        var role = ModelCluster.RoleRefOf(binding)!;
        bool Gives(AccessEntry e) => e.RoleRef.Kind == role.Kind && e.RoleRef.Name == role.Name
            && (e.ClusterWide is true || (ns is not null && (e.NamespaceSelector is { } s
                ? s.Matches(facts.Cluster.Namespace(ns)?.LabelsOrEmpty ?? new Dictionary<string, string>()) : e.Namespaces.Contains(ns))));
        var given = grant.Status.Access.Any(recorded => Gives(recorded) && (recorded.ClusterWide is true) == (ns is null)
            && (grant.Spec.Access.Count == 0 || grant.Spec.Access.Contains(recorded.Name))
            && policy!.Spec.Access.Any(today => today.Name == recorded.Name && Gives(today)));
        Hold(given, $"{role.Kind}/{role.Name} in {ns ?? "the whole cluster"} is of the record and of the policy");
        Hold(grant.Spec.Namespaces.Count == 0 || grant.Spec.Namespaces.Contains(ns ?? ""), $"{ns} was asked for");
        Hold(ns is null || !facts.Settings.IsProtected(ns), $"{ns} is not protected");
        var subject = ModelCluster.SubjectsOf(binding).Single();
        Hold(grant.Status.Credential is CredentialKind.BindRequester
            ? subject.Kind == "User" && subject.Name == grant.Spec.Requester!.Username
            : subject.Kind == "ServiceAccount"
                && $"{subject.NamespaceProperty}/{subject.Name}" == grant.Status.ServiceAccount, "it is the grant's identity that gets it");
    }

    private void OnWrite(BreakGlassGrant grant, GrantStatus after, DateTimeOffset now)
    {
        var before = grant.Status;
        Hold(after.Path is SessionPath.Gateway || after.Gateway is null, "only what goes through the gateway has a way through it");
        Hold(!before.IsRecorded || after.Path == before.Path, "the path is decided once");
        Hold(after.Path is not SessionPath.Gateway || !Conditions.IsTrue(after.Conditions, "Active") || Conditions.IsTrue(before.Conditions, "Active")
            || after.Gateway?.Certificate is not null, "access through the gateway is not called active before its certificate is recorded");
        if (before.IsTerminal) Hold(after.Phase == before.Phase, $"{before.Phase} never reopens, here as {after.Phase}");
        Hold(after.Transitions.Take(before.Transitions.Count).Select(t => t with { JournalIndex = null })
            .SequenceEqual(before.Transitions.Select(t => t with { JournalIndex = null })), "transitions are only ever added to");
        Hold(before.Transitions.Zip(after.Transitions).All(p => p.First.JournalIndex is not { } index || p.Second.JournalIndex == index),
            "the index of a transition does not change");
        Hold(after.Phase == before.Phase || (after.Transitions.Count > before.Transitions.Count && after.Transitions[^1].To == after.Phase),
            "every change of phase is in the transitions");
        Hold(after.Conditions.Select(c => c.Type).Distinct().Count() == after.Conditions.Count, "there is one condition of each type");
        foreach (var condition in after.Conditions)
        {
            if (Conditions.Find(before.Conditions, condition.Type) is { } was && was.Status == condition.Status)
                Hold(was.LastTransitionTime == condition.LastTransitionTime, $"{condition.Type} did not turn");
            Hold(condition.LastTransitionTime <= now, $"{condition.Type} did not turn in the future");
        }

        Hold(after.Anomalies.Take(before.Anomalies.Count).SequenceEqual(before.Anomalies), "what was unusual stays recorded");
        if (before.ExpiresAt is not null) Hold(after.ExpiresAt == before.ExpiresAt && after.ActivatedAt == before.ActivatedAt, "the end is decided once");
        if (Conditions.IsTrue(before.Conditions, "Reviewed")) Hold(Conditions.IsTrue(after.Conditions, "Reviewed"), "what was reviewed stays so");
        if (after.Phase is GrantPhase.AwaitingApproval or GrantPhase.Scheduled)
            Hold(after.ExpiresAt is null || before.ExpiresAt is not null, "what waits has no record that could open");
        if (Conditions.IsTrue(after.Conditions, "Active")) Hold(!after.IsTerminal, "what is finished is not Active");
    }

    private void OnDone(GrantFacts facts, PlanStep step)
    {
        if (step is not PlanStep.WriteStatus write || facts.Grant?.Metadata.Uid is not { } uid || _world.Cluster.Grant?.Status != write.Status) return;
        if (write.Status.IsTerminal) _ended[uid] = write.Status.Phase!.Value;
        if (!_forgeries && _ended.TryGetValue(uid, out var phase)) Hold(write.Status.Phase == phase, $"a grant that ended {phase} stays so");
    }

    /// <summary>No binding that the operator made, nor any that says it is the grant's, is left.</summary>
    public void NothingIsLeft()
    {
        var left = _world.Cluster.Bindings.Where(b => _world.Cluster.MadeByOperator.Contains(b.Metadata.Uid!)).Select(b => ObjectPlace.Of(b).ToString())
            .ToList();
        left.Should().BeEmpty("the operator had its turn at or past the end");
    }

    private static bool IsReader(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> o) =>
        o.Metadata.Name == GrantNames.Reader(grant) && o is V1Role or V1RoleBinding { RoleRef.Kind: "Role" };

    internal static void Hold(bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException($"Broken: {what}");
    }
}
