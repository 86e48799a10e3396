using BreakGlass.Core.Api;
using BreakGlass.Core.Rules;
using k8s;
using k8s.Models;
using Kube.Client;

namespace BreakGlass.Core.Tests.Lifecycle.Model;

/// <summary>The RBAC authorizer over the model: SubjectAccessReview with the reason that the real one gives.</summary>
internal static class Authorizer
{
    /// <summary>Why it is allowed, or null where it is not.</summary>
    public static string? Allows(ModelCluster cluster, V1SubjectAccessReviewSpec question)
    {
        var who = new Caller { Username = question.User ?? "", Groups = [.. question.Groups ?? []] };
        var what = question.ResourceAttributes!;
        foreach (var binding in cluster.Bindings.OrderBy(b => b.KindName, StringComparer.Ordinal).ThenBy(b => b.Metadata.Name, StringComparer.Ordinal))
        {
            if (binding is V1RoleBinding && binding.Metadata.NamespaceProperty != what.NamespaceProperty) continue;
            if (!Subjects.Include(
                [.. ModelCluster.SubjectsOf(binding).Select(s => new Subject { Kind = s.Kind, Name = s.Name, Namespace = s.NamespaceProperty })], who))
                    continue;
            if (!RulesOf(cluster, binding).Any(r => Covers(r, what))) continue;
            var place = binding is V1RoleBinding ? $"{binding.Metadata.Name}/{binding.Metadata.NamespaceProperty}" : binding.Metadata.Name;
            return "RBAC: allowed "
                + $"by {binding.KindName} \"{place}\" of {ModelCluster.RoleRefOf(binding)!.Kind} \"{ModelCluster.RoleRefOf(binding)!.Name}\" to "
                + $"{who.Username}";
        }

        return null;
    }

    private static IReadOnlyList<V1PolicyRule> RulesOf(ModelCluster cluster, IKubernetesObject<V1ObjectMeta> binding)
    {
        var role = ModelCluster.RoleRefOf(binding)!;
        var ns = role.Kind == "Role" ? binding.Metadata.NamespaceProperty! : "";
        if (cluster.Rules.TryGetValue((ns, role.Name), out var rules)) return rules;
        return role.Kind == "Role" && cluster.Get(new("Role", ns, role.Name)) is V1Role ours ? ours.RulesOrEmpty : [];
    }

    private static bool Covers(V1PolicyRule rule, V1ResourceAttributes what)
    {
        var resource = what.Subresource is null ? what.Resource! : $"{what.Resource}/{what.Subresource}";
        return Has(rule.VerbsOrEmpty, what.Verb!) && Has(rule.GroupsOrEmpty, what.Group!) && Has(rule.ResourcesOrEmpty, resource)
            && (rule.NamesOrEmpty.Count == 0 || (what.Name is not null && rule.NamesOrEmpty.Contains(what.Name)));
    }

    private static bool Has(IReadOnlyList<string> values, string value) => values.Contains("*") || values.Contains(value);
}
