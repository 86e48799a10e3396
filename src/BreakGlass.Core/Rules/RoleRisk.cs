using System.Security.Cryptography;
using System.Text;
using Kube.Model;

namespace BreakGlass.Core.Rules;

/// <summary>What a role's rules are able to do, and a fingerprint by which a change of them is seen.</summary>
public static class RoleRisk
{
    private static readonly string[] ReadVerbs = ["get", "list", "watch", "*"];
    private static readonly string[] WriteVerbs = ["create", "update", "patch", "*"];

    /// <summary>
    /// SHA-256 over the rules in a canonical order, as <c>sha256:…</c>. The order of rules, and of the values in them, means nothing to RBAC, and
    /// an aggregated ClusterRole is written anew in any order.
    /// </summary>
    public static string Hash(IEnumerable<PolicyRule> rules)
    {
        static string Part(IReadOnlyList<string> values) => string.Join(',', values.Order(StringComparer.Ordinal).Select(v => $"{v.Length}:{v}"));
        var lines = rules
            .Select(r => $"{Part(r.Verbs)}|{Part(r.ApiGroups)}|{Part(r.Resources)}|{Part(r.ResourceNames)}|{Part(r.NonResourceUrls)}")
            .Distinct()
            .Order(StringComparer.Ordinal);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }

    /// <summary>Whether a rule holds a wildcard.</summary>
    public static bool HasWildcard(PolicyRule rule) =>
        rule.Verbs.Contains("*") || rule.ApiGroups.Contains("*") || rule.Resources.Any(r => r is "*" or "*/*") || rule.NonResourceUrls.Any(u => u.EndsWith('*'));

    /// <summary>Whether a rule lets Secrets be read.</summary>
    public static bool ReadsSecrets(PolicyRule rule) => Covers(rule, "", "secrets") && rule.Verbs.Any(ReadVerbs.Contains);

    /// <summary>Whether a rule lets its holder get further rights: roles and bindings, impersonation, tokens, or certificates.</summary>
    public static bool CanEscalate(PolicyRule rule)
    {
        var writes = rule.Verbs.Any(WriteVerbs.Contains);
        if (rule.Verbs.Any(v => v is "escalate" or "bind" or "*") && (Covers(rule, Rbac.Group, "roles") || Covers(rule, Rbac.Group, "clusterroles"))) return true;
        if (rule.Verbs.Any(v => v is "impersonate" or "*") && (Covers(rule, "", "users") || Covers(rule, "", "groups") || Covers(rule, "", "serviceaccounts"))) return true;
        if (!writes) return false;
        return Covers(rule, Rbac.Group, "rolebindings") || Covers(rule, Rbac.Group, "clusterrolebindings")
            || Covers(rule, "", "serviceaccounts/token") || Covers(rule, "certificates.k8s.io", "certificatesigningrequests/approval");
    }

    /// <summary>
    /// Whether rules let their holder do nothing but look: get, list and watch, of named kinds, and neither Secrets nor subresources through which one acts
    /// (exec, attach, portforward, proxy). What is not plainly so is not read-only.
    /// </summary>
    public static bool IsReadOnly(IEnumerable<PolicyRule> rules) => rules.All(r =>
        r.Verbs.All(v => v is "get" or "list" or "watch")
        && !HasWildcard(r)
        && r.Resources.All(x => !x.Contains('*') && x is not "secrets" && x.Split('/') is not [_, "exec" or "attach" or "portforward" or "proxy", ..]));

    private static bool Covers(PolicyRule rule, string group, string resource)
    {
        if (!rule.ApiGroups.Contains(group) && !rule.ApiGroups.Contains("*")) return false;
        var slash = resource.IndexOf('/');
        return rule.Resources.Any(r => r == "*" || r == resource || (slash > 0 && r == $"*{resource[slash..]}"));
    }
}
