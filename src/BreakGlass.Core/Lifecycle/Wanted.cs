using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using BreakGlass.Core.Rules;
using Kube.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>The objects that should exist for a recorded grant, beside those that do.</summary>
internal sealed class Wanted
{
    private readonly BreakGlassGrant _grant;
    private readonly IReadOnlyList<IKubeObject> _objects;

    private Wanted(BreakGlassGrant grant, IReadOnlyList<IKubeObject> objects)
    {
        _grant = grant;
        _objects = objects;
    }

    /// <summary>ServiceAccount, Secret, and the Role that lets its holder read it.</summary>
    public required IReadOnlyList<IKubeObject> Base { get; init; }

    /// <summary>What makes the requester that holder. The API server lets it be made only once it knows the Role.</summary>
    public required IReadOnlyList<IKubeObject> Reader { get; init; }

    /// <summary>What gives access.</summary>
    public required IReadOnlyList<IKubeObject> Bindings { get; init; }

    /// <summary>What <see cref="Bindings"/> stand for.</summary>
    public required IReadOnlyList<Target> Targets { get; init; }

    /// <summary>An object under one of the names that is not the grant's, if there is one.</summary>
    public IKubeObject? Foreign => All.Select(Find).FirstOrDefault(o => o is not null && !IsOurs(_grant, o));

    private IEnumerable<IKubeObject> All => [.. Base, .. Reader, .. Bindings];

    public static Wanted For(GrantFacts facts, BreakGlassGrant grant)
    {
        var settings = facts.Settings;
        var due = GrantEnding.Due(grant, settings);
        var targets = facts.Policy is null
            ? []
            : Rules.Targets.Resolve(grant.Status.Access, facts.Policy.Spec, grant.Spec.Namespaces, facts.Cluster.Namespaces, settings)
                .Where(t => t.Namespace is null || !facts.Attempt.ClosedNamespaces.Contains(t.Namespace))
                .Take(Rules.Targets.Most)
                .Concat(facts.PolicyIsVouchedFor ? Rules.Targets.Persistence(facts.Policy.Spec, facts.Cluster) : [])
                .ToList();

        var basis = new List<IKubeObject>();
        var reader = new List<IKubeObject>();
        if (grant.Status.Credential is CredentialKind.ServiceAccountToken)
        {
            basis.Add(GrantObjects.Account(grant, settings, due));
            basis.Add(GrantObjects.CredentialSecret(grant, settings, due));
            if (grant.Spec.RecipientKey is null)
            {
                basis.Add(GrantObjects.ReaderRole(grant, settings, due));
                reader.Add(GrantObjects.ReaderBinding(grant, settings, due));
            }
        }

        return new(grant, facts.Objects)
        {
            Base = basis,
            Reader = reader,
            Targets = targets,
            Bindings = [.. targets.Select(t => GrantObjects.Binding(grant, t, settings, due))],
        };
    }

    /// <summary>
    /// Whether an object is the grant's own, also where its marks were stripped: by the UID that was recorded, or because it gives its access to
    /// the grant's ServiceAccount or requester under the name that follows from the grant's UID, which nobody else has a reason to.
    /// </summary>
    public static bool IsOurs(BreakGlassGrant grant, IKubeObject o)
    {
        if (GrantNames.Owns(grant, o)) return true;
        var record = grant.Status.Bindings.FirstOrDefault(b => b.Name == o.Metadata.Name && b.Kind == o.Kind && (b.Namespace ?? "") == (o.Metadata.Namespace ?? ""));

        // Whoever writes a record into the status must not have somebody else's binding taken for the grant's.
        if (record is null || !o.Metadata.Name.StartsWith(GrantNames.BindingPrefix(grant), StringComparison.Ordinal)) return false;
        if (record.Uid is not null && record.Uid == o.Metadata.Uid) return true;
        var subjects = o switch { RoleBinding rb => rb.Subjects, ClusterRoleBinding crb => crb.Subjects, _ => [] };
        return grant.Status.ServiceAccount is { } account
            ? subjects.Any(s => s.Kind == nameof(ServiceAccount) && $"{s.Namespace}/{s.Name}" is var subject && (subject == account || subject == account + PersistenceRights.HolderSuffix))
            : grant.Spec.Requester is { Username: { Length: > 0 } requester } && subjects.Any(s => s.Kind == "User" && s.Name == requester);
    }

    /// <summary>Whether an object stands in the place of one that is wanted.</summary>
    public bool Wants(IKubeObject o) => All.Any(w => GrantObjects.SamePlace(w, o));

    /// <summary>What stands in an object's place.</summary>
    public IKubeObject? Find(IKubeObject desired) => _objects.FirstOrDefault(o => GrantObjects.SamePlace(desired, o));

    /// <summary>The grant's object of a kind among <see cref="Base"/>, as it is.</summary>
    public T? Actual<T>()
        where T : class, IKubeObject =>
        Base.Select(Find).OfType<T>().FirstOrDefault();

    /// <summary>Steps that bring wanted objects about. Foreign ones are left alone.</summary>
    public IEnumerable<PlanStep> Mend(IReadOnlyList<IKubeObject> wanted, bool isRepair)
    {
        foreach (var desired in wanted)
        {
            var actual = Find(desired);
            if (actual is null)
            {
                yield return new PlanStep.Create(desired, isRepair && WasThere(desired));
                continue;
            }

            if (!IsOurs(_grant, actual)) continue;
            switch (GrantObjects.Compare(desired, actual))
            {
                case Drift.Repair:
                    yield return new PlanStep.Repair(desired, actual.Metadata.Uid ?? "");
                    break;
                case Drift.Replace:
                    yield return new PlanStep.Remove(actual, Removal.Tampered);
                    break;
            }
        }
    }

    /// <summary>The records of all wanted bindings, with the UIDs of those that exist.</summary>
    public IReadOnlyList<BindingRecord> Records(BreakGlassGrant grant) =>
        [.. Targets.Zip(Bindings).Select(p => GrantNames.Record(grant, p.First) with { Uid = Find(p.Second)?.Metadata.Uid })];

    /// <summary>
    /// Nothing is active that is not recorded: a namespace that came to match is written down before it is bound. Null where all is recorded.
    /// </summary>
    public GrantPlan? RecordFirst(BreakGlassGrant grant)
    {
        var missing = Records(grant).Where(r => !grant.Status.Bindings.Any(b => SamePlace(b, r))).ToList();
        return missing.Count == 0 ? null : GrantPlan.Do(new PlanStep.WriteStatus(grant.Status with { Bindings = [.. grant.Status.Bindings, .. missing] }));
    }

    /// <summary>What is recorded, and not wanted any more.</summary>
    public IReadOnlyList<BindingRecord> Obsolete(BreakGlassGrant grant)
    {
        var records = Records(grant);
        return [.. grant.Status.Bindings.Where(b => !records.Any(r => SamePlace(b, r)))];
    }

    /// <summary>A question to the authorizer that only a working binding answers with yes; null where the roles give nothing to ask for.</summary>
    public SubjectAccessReviewSpec? AccessQuestion(GrantFacts facts, BreakGlassGrant grant)
    {
        foreach (var target in Targets)
        {
            if (target.IsPersistence) continue;
            var rules = AccessQuestions.Rules(facts.Cluster, target.Role, target.Namespace);
            if (rules.Any(AccessQuestions.CanBeAsked)) return AccessQuestions.For(grant, rules, target.Namespace);
        }

        return null;
    }

    private static bool SamePlace(BindingRecord a, BindingRecord b) => a.Kind == b.Kind && a.Name == b.Name && (a.Namespace ?? "") == (b.Namespace ?? "");

    private bool WasThere(IKubeObject desired) =>
        desired is not (RoleBinding or ClusterRoleBinding)
        || Reader.Contains(desired)
        || _grant.Status.Bindings.Any(b => b.Uid is not null && b.Name == desired.Metadata.Name && (b.Namespace ?? "") == (desired.Metadata.Namespace ?? ""));
}
