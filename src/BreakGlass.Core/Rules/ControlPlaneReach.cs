using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>Which access entries reach the namespaces of the control plane with rights that amount to owning the cluster.</summary>
public static class ControlPlaneReach
{
    /// <summary>Roles that every cluster has: their powers are known also where their rules are not.</summary>
    private static readonly string[] BuiltIn = ["edit", "admin", "cluster-admin"];

    private static readonly V1ResourceAttributes[] Powers =
    [
        Create("", "pods"), Create("", "pods", "exec"), Create("", "pods", "attach"), Create("", "pods", "portforward"),
        Create("", "serviceaccounts", "token"), Create("", "nodes", "proxy"),
        new() { Verb = "update", Resource = "pods", Subresource = "ephemeralcontainers" },
        new() { Verb = "patch", Resource = "pods", Subresource = "ephemeralcontainers" },
        new() { Verb = "get", Resource = "secrets" }, new() { Verb = "list", Resource = "secrets" }, new() { Verb = "watch", Resource = "secrets" },
        new() { Verb = "update", Resource = "configmaps" }, new() { Verb = "patch", Resource = "configmaps" },
        .. Workloads.SelectMany(
            w => (string[])["create", "update", "patch"], (w, verb) => new V1ResourceAttributes { Verb = verb, Group = w.Group, Resource = w.Resource }),
    ];

    /// <summary>Kinds that run pods as any ServiceAccount of their namespace.</summary>
    internal static IReadOnlyList<(string Group, string Resource)> Workloads =>
    [
        ("apps", "deployments"), ("apps", "daemonsets"), ("apps", "statefulsets"), ("apps", "replicasets"), ("batch", "jobs"), ("batch", "cronjobs"),
        ("", "replicationcontrollers"),
    ];

    /// <summary>A warning for each entry that names such a namespace, or that gives powers in the whole cluster.</summary>
    public static IEnumerable<Problem> Of(PolicySpec spec, CoreSettings settings, Func<AccessEntry, IReadOnlyList<V1PolicyRule>> rulesOf)
    {
        for (var i = 0; i < spec.Access.Count; i++)
        {
            var entry = spec.Access[i];
            var named = entry.Namespaces.Where(settings.IsControlPlane).ToList();
            if (named.Count > 0)
            {
                yield return new(PolicyConditions.ReachesControlPlane, $"spec.access[{i}].namespaces",
                    $"reaches {string.Join(", ", named)}: with {entry.RoleRef} there, a grant may act as controllers that can do anything. "
                        + "See status.roles and 'kubectl breakglass plan'");
            }
            else if (entry.ClusterWide is true && HasPowers(entry, rulesOf(entry)))
            {
                yield return new(PolicyConditions.ReachesControlPlane, $"spec.access[{i}]",
                    $"{entry.RoleRef} in the whole cluster reaches kube-system, where a grant may act as controllers that can do anything. "
                        + "Use namespaceSelector, which never selects it");
            }
        }
    }

    private static bool HasPowers(AccessEntry entry, IReadOnlyList<V1PolicyRule> rules) =>
        (rules.Count == 0 && BuiltIn.Contains(entry.RoleRef.Name)) || RoleRisk.CanImpersonate(rules) || rules.Any(RoleRisk.CanEscalate)
        || Powers.Any(p => RbacCoverage.Allows(rules, p));

    /// <summary>A right over one name is taken as one over all: what matters is whether there is a way.</summary>
    internal static IReadOnlyList<V1PolicyRule> RegardlessOfNames(IReadOnlyList<V1PolicyRule> rules) => [.. rules.Select(r => r with { ResourceNames = [] })];

    private static V1ResourceAttributes Create(string group, string resource, string? subresource = null) =>
        new() { Verb = "create", Group = group, Resource = resource, Subresource = subresource };
}
