using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using k8s.Models;
using Kube.Model;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>The RBAC authorizer over the model: SubjectAccessReview with the reason that the real one gives.</summary>
internal static class Authorizer
{
    /// <summary>Why it is allowed, or null where it is not.</summary>
    public static string? Allows(Cluster cluster, V1SubjectAccessReviewSpec question)
    {
        var who = new Caller { Username = question.User ?? "", Groups = [.. question.Groups ?? []] };
        var what = question.ResourceAttributes!;
        foreach (var binding in cluster.Bindings.OrderBy(b => b.Kind, StringComparer.Ordinal).ThenBy(b => b.Metadata.Name, StringComparer.Ordinal))
        {
            if (binding is RoleBinding && binding.Metadata.Namespace != what.NamespaceProperty) continue;
            if (!Subjects.Include(Cluster.SubjectsOf(binding), who)) continue;
            if (!RulesOf(cluster, binding).Any(r => Covers(r, what))) continue;
            var place = binding is RoleBinding ? $"{binding.Metadata.Name}/{binding.Metadata.Namespace}" : binding.Metadata.Name;
            return $"RBAC: allowed by {binding.Kind} \"{place}\" of {Cluster.RoleRefOf(binding)!.Kind} \"{Cluster.RoleRefOf(binding)!.Name}\" to {who.Username}";
        }

        return null;
    }

    private static IReadOnlyList<PolicyRule> RulesOf(Cluster cluster, IKubeObject binding)
    {
        var role = Cluster.RoleRefOf(binding)!;
        var ns = role.Kind == "Role" ? binding.Metadata.Namespace! : "";
        if (cluster.Rules.TryGetValue((ns, role.Name), out var rules)) return rules;
        return role.Kind == "Role" && cluster.Get(new("Role", ns, role.Name)) is Role ours ? ours.Rules : [];
    }

    private static bool Covers(PolicyRule rule, V1ResourceAttributes what)
    {
        var resource = what.Subresource is null ? what.Resource! : $"{what.Resource}/{what.Subresource}";
        return Has(rule.Verbs, what.Verb!) && Has(rule.ApiGroups, what.Group!) && Has(rule.Resources, resource)
            && (rule.ResourceNames.Count == 0 || (what.Name is not null && rule.ResourceNames.Contains(what.Name)));
    }

    private static bool Has(IReadOnlyList<string> values, string value) => values.Contains("*") || values.Contains(value);
}
