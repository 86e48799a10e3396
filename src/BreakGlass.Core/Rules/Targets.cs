using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>Where access entries reach.</summary>
public static class Targets
{
    /// <summary>The most bindings of one grant: its status names each of them, and an object ends at 1.5 MiB.</summary>
    public const int Most = 1000;

    /// <summary>
    /// The entries of the policy that a grant asks for, narrowed to the namespaces it asks for: what is recorded with the grant, so that a
    /// policy that grows later does not widen it.
    /// </summary>
    public static IReadOnlyList<AccessEntry> Snapshot(PolicySpec policy, GrantSpec grant)
    {
        var chosen = grant.Access.Count == 0 ? policy.Access : [.. policy.Access.Where(e => grant.Access.Contains(e.Name))];
        if (grant.Namespaces.Count == 0) return chosen;
        return
        [
            .. chosen
                .Where(e => e.ClusterWide is not true)
                .Select(e => e.Namespaces.Count > 0 ? e with { Namespaces = [.. e.Namespaces.Where(grant.Namespaces.Contains)] } : e)
                .Where(e => e.NamespaceSelector is not null || e.Namespaces.Count > 0),
        ];
    }

    /// <summary>
    /// The bindings that should exist: what was recorded with the grant, as far as the policy still says the same, in the namespaces that
    /// exist and are not about to go.
    /// </summary>
    public static IReadOnlyList<Target> Resolve(
        IReadOnlyList<AccessEntry> recorded, PolicySpec policy, IReadOnlyList<string> only, IReadOnlyCollection<V1Namespace> namespaces, CoreSettings settings)
    {
        var targets = new List<Target>();
        foreach (var entry in recorded)
        {
            var today = policy.Access.FirstOrDefault(e => e.Name == entry.Name);
            if (today is null || today.RoleRef != entry.RoleRef) continue;
            if (entry.ClusterWide is true)
            {
                if (today.ClusterWide is true && only.Count == 0) targets.Add(new(entry.Name, entry.RoleRef, null));
                continue;
            }

            foreach (var ns in namespaces)
            {
                var name = ns.Metadata.Name;
                if (ns.Metadata.DeletionTimestamp is not null || settings.IsProtected(name)) continue;
                if (only.Count > 0 && !only.Contains(name)) continue;
                if (Reaches(entry, ns, settings) && (today.ClusterWide is true || Reaches(today, ns, settings)))
                    targets.Add(new(entry.Name, entry.RoleRef, name) { NamespaceUid = ns.Metadata.Uid });
            }
        }

        targets.Sort((a, b) => (string.CompareOrdinal(a.Entry, b.Entry), string.CompareOrdinal(a.Namespace, b.Namespace)) switch
        {
            (0, var byNamespace) => byNamespace,
            (var byEntry, _) => byEntry,
        });
        return targets;
    }

    /// <summary>What tells the persistence guard of the API server what the policy lets its grants do; none where that guard is not installed.</summary>
    public static IEnumerable<Target> Persistence(PolicySpec policy, ClusterView cluster) => policy.Credential is not CredentialKind.ServiceAccountToken ? [] :
        PersistenceRights.ClusterRoles(policy).Where(role => cluster.ClusterRole(role) is not null)
            .Select(role => new Target($"persistence/{role}", new() { Kind = V1ClusterRole.KubeKind, Name = role }, null) { IsPersistence = true });

    /// <summary>
    /// Whether the policy still says of a recorded entry what it said when the grant was decided, at least in part. Namespaces that come and
    /// go do not matter here, only what the policy's author wrote.
    /// </summary>
    public static bool StillGiven(AccessEntry recorded, PolicySpec policy)
    {
        var today = policy.Access.FirstOrDefault(e => e.Name == recorded.Name);
        if (today is null || today.RoleRef != recorded.RoleRef) return false;
        if (today.ClusterWide is true) return true;
        if (recorded.ClusterWide is true) return false;
        if (recorded.NamespaceSelector is not null) return today.NamespaceSelector is not null || today.Namespaces.Count > 0;
        return today.NamespaceSelector is not null || recorded.Namespaces.Any(today.Namespaces.Contains);
    }

    /// <summary>Whether an entry reaches a namespace: a selector never selects what has to be named.</summary>
    private static bool Reaches(AccessEntry entry, V1Namespace ns, CoreSettings settings) => entry.NamespaceSelector is { } selector
        ? !settings.IsControlPlane(ns.Metadata.Name) && selector.Matches(ns.LabelsOrEmpty)
        : entry.Namespaces.Contains(ns.Metadata.Name);
}
