using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The objects that should exist for a recorded grant, beside those that do.</summary>
internal sealed class DesiredObjects
{
    /// <summary>
    /// How long something gives what was not decided, or to whom it was not, while a webhook that is down keeps it from being put right; then the grant ends.
    /// </summary>
    public static readonly TimeSpan RepairPatience = TimeSpan.FromSeconds(10);

    private readonly BreakGlassGrant _grant;
    private readonly GrantFacts _facts;

    private DesiredObjects(GrantFacts facts, BreakGlassGrant grant)
    {
        _grant = grant;
        _facts = facts;
    }

    /// <summary>ServiceAccount, Secret, and the Role that lets its holder read it.</summary>
    public required IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Base { get; init; }

    /// <summary>What makes the requester that holder. The API server lets it be made only once it knows the Role.</summary>
    public required IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Reader { get; init; }

    /// <summary>What gives access.</summary>
    public required IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Bindings { get; init; }

    /// <summary>What <see cref="Bindings"/> stand for.</summary>
    public required IReadOnlyList<Target> Targets { get; init; }

    /// <summary>Recorded places that have no namespace for now, or another one than was decided on.</summary>
    public required IReadOnlyList<Gap> Unreached { get; init; }

    /// <summary>An object that is not the grant's and has the name of one that there is no access without; null if there is none.</summary>
    public IKubernetesObject<V1ObjectMeta>? Foreign => Must.Select(FindForeign).FirstOrDefault(o => o is not null);

    /// <summary>A binding that is not the grant's and has the name of one that gives access in one of its places; null if there is none.</summary>
    public IKubernetesObject<V1ObjectMeta>? ForeignBinding => Bindings.Select(FindForeign).FirstOrDefault(o => o is not null);

    /// <summary>All places where access that was decided is not there.</summary>
    public IReadOnlyList<Gap> Gaps =>
        field ??= [.. Targets.Zip(Bindings).Where(p => !p.First.IsPersistence).Select(p => GapAt(p.First, p.Second)).OfType<Gap>(), .. Unreached];

    /// <summary>In how many places access is there.</summary>
    public int Open => Targets.Count(t => !t.IsPersistence) - (Gaps.Count - Unreached.Count);

    /// <summary>Objects that somebody keeps changing in a way that does no harm: they are left as they are for a while.</summary>
    public IReadOnlyList<PlaceHistory> Contested => field ??= [.. All.Select(w => (Wanted: w, Is: Find(w), History: HistoryOf(w)))
        .Where(x => x is { Is: not null, History.IsContested: true } && x.History.Rests(_facts.Now) && GrantObjects.Compare(x.Wanted, x.Is) is Drift.Marks)
        .Select(x => x.History!)];

    /// <summary>What there is no access without: the identity, its credential, and what the persistence guard is told.</summary>
    public IEnumerable<IKubernetesObject<V1ObjectMeta>> Must =>
        [.. Base, .. Reader, .. Targets.Zip(Bindings).Where(p => p.First.IsPersistence).Select(p => p.Second)];

    private IEnumerable<IKubernetesObject<V1ObjectMeta>> All => [.. Base, .. Reader, .. Bindings];

    public static DesiredObjects For(GrantFacts facts, BreakGlassGrant grant)
    {
        var settings = facts.Settings;
        var due = facts.Due!.At;
        var unreached = new List<Gap>();
        var targets = facts.Policy is null
            ? []
            : FollowedNamespaces.Targets(facts, grant, unreached)
                .Take(Rules.Targets.Most)
                .Concat(facts.PolicyIsVouchedFor ? Rules.Targets.Persistence(facts.Policy.Spec, facts.Cluster) : [])
                .ToList();

        var own = OwnedKinds.All.Where(k => grant.Status.Credential is CredentialKind.ServiceAccountToken && k.Own?.IsNeeded(grant) is true)
            .Select(k => k.Own!.Make(grant, settings, due)).ToLookup(OwnedKinds.IsBinding);
        return new(facts, grant)
        {
            Base = [.. own[false]],
            Reader = [.. own[true]],
            Targets = targets,
            Unreached = unreached,
            Bindings = [.. targets.Select(t => GrantObjects.Binding(grant, t, settings, due))],
        };
    }

    /// <summary>Whether an object stands in the place of one that is wanted.</summary>
    public bool Wants(IKubernetesObject<V1ObjectMeta> o) => All.Any(w => GrantObjects.SamePlace(w, o));

    /// <summary>What stands in an object's place.</summary>
    public IKubernetesObject<V1ObjectMeta>? Find(IKubernetesObject<V1ObjectMeta> desired) =>
        _facts.Objects.FirstOrDefault(o => GrantObjects.SamePlace(desired, o));

    private IKubernetesObject<V1ObjectMeta>? FindOwn(IKubernetesObject<V1ObjectMeta> desired) =>
        Find(desired) is { } o && Ownership.IsOf(_grant, o) ? o : null;

    private IKubernetesObject<V1ObjectMeta>? FindForeign(IKubernetesObject<V1ObjectMeta> desired) =>
        Find(desired) is { } o && !Ownership.IsOf(_grant, o) ? o : null;

    /// <summary>The grant's object of a kind among <see cref="Base"/>, as it is.</summary>
    public T? Actual<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Base.Select(Find).OfType<T>().FirstOrDefault();

    /// <summary>What happened lately to an object.</summary>
    public PlaceHistory? HistoryOf(IKubernetesObject<V1ObjectMeta> o) => _facts.Histories.FirstOrDefault(h => GrantObjects.SamePlace(h.Place, o));

    /// <summary>Whether nothing is to be written to an object now.</summary>
    public bool Rests(IKubernetesObject<V1ObjectMeta> o) => HistoryOf(o)?.Rests(_facts.Now) is true;

    /// <summary>
    /// Steps that bring wanted objects about. Foreign ones are left alone, and so is for a while what the server refuses or others fight over.
    /// </summary>
    public IEnumerable<PlanStep> Mend(IReadOnlyList<IKubernetesObject<V1ObjectMeta>> wanted, bool isRepair)
    {
        foreach (var desired in wanted)
        {
            var actual = Find(desired);
            if (Rests(desired)) continue;
            if (actual is null)
            {
                yield return new PlanStep.Create(desired, isRepair && WasThere(desired));
                continue;
            }

            if (!Ownership.IsOf(_grant, actual)) continue;
            var drift = GrantObjects.Compare(desired, actual);
            switch (drift)
            {
                case Drift.Marks or Drift.Repair:
                    // A binding without subjects gives no access.
                    yield return new PlanStep.Repair(desired, actual.Metadata.Uid ?? "")
                    {
                        Drift = Obstruction.IsEmptied(actual) ? Drift.Marks : drift,
                        AsksWho = HistoryOf(desired)?.IsLastRepair(_facts.Now) is true,
                    };
                    break;
                case Drift.Replace:
                    yield return new PlanStep.Remove(actual, Removal.Tampered);
                    break;
            }
        }
    }

    /// <summary>
    /// Why access cannot go on: an object gives something else than was decided, or to somebody else, and cannot be put right. Null where nothing does.
    /// </summary>
    public Ending? Unsafe()
    {
        foreach (var desired in All)
        {
            if (HistoryOf(desired) is not { GaveOther: true } history) continue;
            var actual = Find(desired);
            var isLastingly = history.Answer is { } answer && (answer.Class is AnswerClass.Final || (_facts.Now - history.RefusedSince > RepairPatience));
            if (!isLastingly && !(history.IsContested && history.Rests(_facts.Now))) continue;

            // One that is gone was cut by the run before, for this very reason.
            if (actual is not null && (!Ownership.IsOf(_grant, actual) || GrantObjects.Compare(desired, actual) is Drift.None or Drift.Marks)) continue;
            return Ending.Failed(FailureReasons.Contested, EndMessages.Contested(desired, history.Why));
        }

        return null;
    }

    /// <summary>The records of all places, with the UIDs of those bindings that exist.</summary>
    public IReadOnlyList<BindingRecord> Records(BreakGlassGrant grant) =>
    [
        .. Targets.Zip(Bindings).Select(p => GrantNames.Record(grant, p.First) with
        {
            Uid = FindOwn(p.Second)?.Metadata.Uid,
            Problem = Gaps.FirstOrDefault(g => SamePlace(g.Record, GrantNames.Record(grant, p.First)))?.Why,
        }),
        .. Unreached.Select(g => g.Record with { Uid = null, Problem = g.Why }),
    ];

    /// <summary>
    /// Nothing is active that is not recorded: a namespace that came to match is written down before it is bound. Null where all is recorded.
    /// </summary>
    public GrantPlan? RecordFirst(BreakGlassGrant grant)
    {
        var missing = Targets.Select(t => GrantNames.Record(grant, t))
            .Where(r => !grant.Status.Bindings.Any(b => SamePlace(b, r) && b.NamespaceUid == r.NamespaceUid)).ToList();
        return missing.Count == 0 ? null : GrantPlan.Do(new PlanStep.WriteStatus(grant.Status with
        {
            Bindings = [.. grant.Status.Bindings.Where(b => !missing.Any(m => SamePlace(b, m))),
                .. missing.Select(m => m with { Uid = grant.Status.Bindings.FirstOrDefault(b => SamePlace(b, m))?.Uid })],
        }));
    }

    /// <summary>What is recorded, and not wanted any more.</summary>
    public IReadOnlyList<BindingRecord> Obsolete(BreakGlassGrant grant)
    {
        var records = Records(grant);
        return [.. grant.Status.Bindings.Where(b => !records.Any(r => SamePlace(b, r)))];
    }

    /// <summary>A question to the authorizer that only a working binding answers with yes; null where the roles give nothing to ask for.</summary>
    public V1SubjectAccessReviewSpec? AccessQuestion(GrantFacts facts, BreakGlassGrant grant)
    {
        foreach (var (target, binding) in Targets.Zip(Bindings))
        {
            if (target.IsPersistence || FindOwn(binding) is null) continue;
            var rules = facts.Cluster.RulesOf(target.Role, target.Namespace);
            if (rules.Any(AccessQuestions.CanBeAsked)) return AccessQuestions.For(grant, rules, target.Namespace);
        }

        return null;
    }

    /// <summary>What is fought over and in no cache: its label may have been taken off.</summary>
    public IEnumerable<IKubernetesObject<V1ObjectMeta>> Unseen =>
        All.Where(w => Find(w) is null && HistoryOf(w) is { IsContested: true } history && history.Rests(_facts.Now));

    /// <summary>When something that rests may be written again.</summary>
    public DateTimeOffset? NextTry => All.Select(HistoryOf).Where(h => h?.Rests(_facts.Now) is true).Min(h => h!.RestsUntil);

    internal static bool SamePlace(BindingRecord a, BindingRecord b) => a.Kind == b.Kind && a.Name == b.Name && (a.Namespace ?? "") == (b.Namespace ?? "");

    private Gap? GapAt(Target target, IKubernetesObject<V1ObjectMeta> binding)
    {
        var record = GrantNames.Record(_grant, target);
        if (FindForeign(binding) is { } foreign)
            return new(record, AccessMessages.Foreign(foreign), FailureReasons.ForeignObject, IsFinal: true);
        if (FindOwn(binding) is { } there)
        {
            // One that gives nothing, or something else, is not what was decided.
            if (GrantObjects.Compare(binding, there) is Drift.Repair or Drift.Replace)
            {
                return new(record, HistoryOf(binding) is { Answer: not null } or { IsContested: true }
                    ? $"The binding was changed. {HistoryOf(binding)!.Why}" : AccessMessages.BindingChanged, GrantConditions.Contested, IsFinal: false);
            }

            var role = target.Role.Kind == V1Role.KubeKind ? (IKubernetesObject<V1ObjectMeta>?)_facts.Cluster
                .Role(target.Namespace ?? "", target.Role.Name) : _facts.Cluster.ClusterRole(target.Role.Name);
            return role is null ? new(record, AccessMessages.RoleMissing(target.Role), FailureReasons.RoleNotFound, IsFinal: false) : null;
        }

        return HistoryOf(binding) is { } history && (history.Answer is not null || history.IsContested)
            ? new(record, history.Why, history.Answer?.Reason ?? GrantConditions.Contested, history.Answer is { Class: AnswerClass.Final })
            : new(record, AccessMessages.BindingMissing, GrantConditions.Opening, IsFinal: false);
    }

    private bool WasThere(IKubernetesObject<V1ObjectMeta> desired) =>
        !OwnedKinds.IsBinding(desired)
        || Reader.Contains(desired)
        || _grant.Status.Bindings.Any(
            b => b.Uid is not null && b.Name == desired.Metadata.Name && (b.Namespace ?? "") == (desired.Metadata.NamespaceProperty ?? ""));
}
