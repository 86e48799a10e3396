using BreakGlass.Core.Model;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>Where a grant's access would reach.</summary>
internal static class ReachRules
{
    public static Problem? Roles(IReadOnlyList<AccessEntry> access, IReadOnlyList<string> only, ClusterView cluster)
    {
        foreach (var entry in access)
        {
            if (entry.RoleRef.Kind == "ClusterRole")
            {
                if (cluster.ClusterRole(entry.RoleRef.Name) is null)
                {
                    return new(RoleNotFound, "spec.policy",
                        $"access entry '{entry.Name}' of the policy gives ClusterRole '{entry.RoleRef.Name}', which does not exist; tell the policy's owners");
                }

                continue;
            }

            foreach (var ns in entry.Namespaces.Where(n => only.Count == 0 || only.Contains(n)))
            {
                if (cluster.HasNamespace(ns) && cluster.Role(ns, entry.RoleRef.Name) is null)
                {
                    return new(RoleNotFound, "spec.policy", $"access entry '{entry.Name}' of the policy gives Role '{entry.RoleRef.Name}' in namespace "
                        + $"'{ns}', which does not exist, or has more than 64 KiB of rules; tell the policy's owners");
                }
            }
        }

        return null;
    }

    /// <summary>Whether the grant reaches what it asks for, and not too much at once.</summary>
    public static Problem? Reach(GrantSpec grant, IReadOnlyList<Target> targets, BreakGlassPolicy policy)
    {
        var unreached = grant.Namespaces.Where(n => targets.All(t => t.Namespace != n)).ToList();
        if (unreached.Count > 0)
        {
            return new(NamespaceNotReached, "spec.namespaces",
                $"policy '{policy.Metadata.Name}' does not reach {string.Join(", ", unreached)}, or the namespace does not exist; "
                + $"'kubectl get bgp {policy.Metadata.Name} -o yaml' shows what it reaches");
        }

        if (targets.Count > Targets.Most)
        {
            return new(TooManyNamespaces, "spec.namespaces",
                $"policy '{policy.Metadata.Name}' reaches {targets.Count} places, and one grant can hold at most {Targets.Most} bindings; name the "
                    + "namespaces you need");
        }

        return targets.Count > 0
            ? null
            : new(NothingSelected, "spec.policy", $"policy '{policy.Metadata.Name}' reaches no namespace that exists; check its namespaces and selectors "
                + "against 'kubectl get ns --show-labels'. A selector never selects kube-system, kube-public, "
                + "kube-node-lease or a protected namespace; to reach those, a policy lists them in namespaces");
    }
}
