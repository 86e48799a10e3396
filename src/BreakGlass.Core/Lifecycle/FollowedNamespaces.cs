using BreakGlass.Core.Messages;
using BreakGlass.Core.Model;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// Which namespaces a grant follows as they come and go. A namespace that was deleted and created again is another one, and may be somebody else's: only
/// an entry that selects by labels reaches it. An entry that names namespaces means those that there were.
/// </summary>
internal static class FollowedNamespaces
{
    /// <summary>Where the grant's access should be now.</summary>
    /// <param name="facts">What is known.</param>
    /// <param name="grant">The grant.</param>
    /// <param name="unreached">Takes the recorded places whose namespace is not there, or is another one.</param>
    public static IEnumerable<Target> Targets(GrantFacts facts, BreakGlassGrant grant, List<Gap> unreached)
    {
        var policy = facts.Policy!.Spec;
        var resolved = Rules.Targets.Resolve(grant.Status.Access, policy, grant.Spec.Namespaces, facts.Cluster.Namespaces, facts.Settings);
        var targets = new List<Target>(resolved.Count);
        foreach (var target in resolved)
        {
            var record = RecordOf(grant, target.Entry, target.Namespace);
            if (!IsNamed(grant, target.Entry) || target.Namespace is null || IsTheSame(facts, grant, target, record)) targets.Add(target);
            else if (record is not null) unreached.Add(Gone(record, FailureReasons.Recreated, AccessMessages.Recreated(target.Namespace)));
        }

        foreach (var entry in grant.Status.Access.Where(e => e.Namespaces.Count > 0 && Rules.Targets.StillGiven(e, policy)))
        {
            var today = policy.Access.First(e => e.Name == entry.Name);
            foreach (var ns in entry.Namespaces)
            {
                if (RecordOf(grant, entry.Name, ns) is not { } record || resolved.Any(t => t.Entry == entry.Name && t.Namespace == ns)) continue;
                var there = facts.Cluster.Namespace(ns);
                var isGiven = today.ClusterWide is true || today.Namespaces.Contains(ns) || (today.NamespaceSelector is not null && there is null);
                if (there is null && isGiven) unreached.Add(Gone(record, FailureReasons.NamespaceMissing, AccessMessages.NamespaceMissing(ns)));
                else if (there?.Metadata.DeletionTimestamp is not null && isGiven)
                    unreached.Add(Gone(record, FailureReasons.NamespaceTerminating, AccessMessages.NamespaceTerminating(ns)));
            }
        }

        return targets;
    }

    private static bool IsNamed(BreakGlassGrant grant, string entry) => grant.Status.Access.Any(e => e.Name == entry && e.Namespaces.Count > 0);

    /// <summary>By its UID; where none was recorded, one that was created after access was decided is another one.</summary>
    private static bool IsTheSame(GrantFacts facts, BreakGlassGrant grant, Target target, BindingRecord? record)
    {
        if (record is { NamespaceUid: { } uid } && target.NamespaceUid is { } now) return uid == now;
        return record is not null || facts.Cluster.Namespace(target.Namespace!)?.Metadata.CreatedAt is not { } created
            || !(created > grant.Status.ActivatedAt);
    }

    private static BindingRecord? RecordOf(BreakGlassGrant grant, string entry, string? ns)
    {
        var name = GrantNames.Binding(grant, entry);
        return grant.Status.Bindings.FirstOrDefault(b => b.Name == name && b.Namespace == ns);
    }

    private static Gap Gone(BindingRecord record, string cause, string why) => new(record, why, cause, IsFinal: true);
}
