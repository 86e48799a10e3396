using System.Security.Cryptography;
using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Rules;

/// <summary>What a role's rules are able to do, and a fingerprint by which a change of them is seen.</summary>
public static class RoleRisk
{
    private static readonly string[] ReadVerbs = ["get", "list", "watch", "*"];
    private static readonly string[] WriteVerbs = ["create", "update", "patch", "*"];
    private static readonly string[] ReadOnlyVerbs = ["get", "list", "watch"];

    // A subresource may be anything: get on pods/exec, pods/attach, pods/portforward or on any proxy opens a stream that can do whatever its other
    // end can. So those that only show something are named, and what is not known is not read-only.
    private static readonly string[] ReadOnlySubresources = ["status", "scale", "log", "metrics", "stats", "finalizers"];

    // Parts of the API server's debugging that show more than what the API holds.
    private static readonly string[] SensitivePaths = ["/debug", "/logs"];

    // Whom one can act as, by API group: the first three are impersonation as it always was, all of the second group is the constrained kind's.
    private static readonly string[] Impersonated = ["users", "groups", "serviceaccounts"];
    private static readonly string[] ImpersonatedToo = [.. Impersonated, "uids", "userextras", "nodes"];

    /// <summary>
    /// SHA-256 over the rules in a canonical order, as <c>sha256:…</c>. The order of rules, and of the values in them, means nothing to RBAC, and
    /// an aggregated ClusterRole is written again in any order.
    /// </summary>
    public static string Hash(IEnumerable<V1PolicyRule> rules)
    {
        static string Part(IReadOnlyList<string> values) => string.Join(',', values.Order(StringComparer.Ordinal).Select(v => $"{v.Length}:{v}"));
        var lines = rules
            .Select(r => $"{Part(r.VerbsOrEmpty)}|{Part(r.GroupsOrEmpty)}|{Part(r.ResourcesOrEmpty)}|{Part(r.NamesOrEmpty)}|{Part(r.UrlsOrEmpty)}")
            .Distinct()
            .Order(StringComparer.Ordinal);
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }

    /// <summary>Whether a rule holds a wildcard.</summary>
    public static bool HasWildcard(V1PolicyRule rule) =>
        rule.VerbsOrEmpty.Contains("*") || rule.GroupsOrEmpty.Contains("*") || rule.ResourcesOrEmpty.Any(r => r is "*" or "*/*")
            || rule.UrlsOrEmpty.Any(u => u.EndsWith('*'));

    /// <summary>Whether a rule lets Secrets be read.</summary>
    public static bool ReadsSecrets(V1PolicyRule rule) => Covers(rule, "", "secrets") && rule.VerbsOrEmpty.Any(ReadVerbs.Contains);

    /// <summary>
    /// Whether rules that are bound in the whole cluster let their holder read the operator's seal keys, with which seals can be made in anybody's
    /// name. Who can, reads the credentials of other grants too, as a rule.
    /// </summary>
    public static bool ReadsSealKeys(IReadOnlyList<V1PolicyRule> rules) =>
        ReadOnlyVerbs.Any(verb => RbacCoverage.Allows(rules, new V1ResourceAttributes { Verb = verb, Resource = "secrets", Name = SealKeys.SecretName }));

    /// <summary>
    /// Whether a rule lets its holder get further rights: roles and bindings, impersonation, tokens, certificates, who is in which group, or the kubelets'
    /// own API, which runs commands in any pod and asks no admission.
    /// </summary>
    public static bool CanEscalate(V1PolicyRule rule)
    {
        if (rule.VerbsOrEmpty.Any(v => v is "escalate" or "bind" or "*")
            && (Covers(rule, V1Role.KubeGroup, "roles") || Covers(rule, V1Role.KubeGroup, "clusterroles"))) return true;
        if (rule.VerbsOrEmpty.Any(v => v is "approve" or "sign" or "attest" or "*") && Covers(rule, "certificates.k8s.io", "signers")) return true;
        if (Covers(rule, "", "nodes/proxy") && rule.VerbsOrEmpty.Any(v => v is "get" || WriteVerbs.Contains(v))) return true;
        return CanImpersonate(rule)
            || GuardTable.Rows.Any(row => row.Way is PersistenceKind.Rbac or PersistenceKind.Tokens or PersistenceKind.Csr && Opens(rule, row));
    }

    /// <summary>
    /// Whether rules let their holder read, and nothing else: the verbs get, list and watch, no wildcard, no Secrets, no subresource that is not
    /// known to only show something. Rules that are not there yet (of an aggregated ClusterRole) are not read-only.
    /// </summary>
    public static bool IsReadOnly(IReadOnlyCollection<V1PolicyRule> rules) => rules.Count > 0 && rules.All(IsReadOnly);

    /// <summary>
    /// Whether rules let their holder act as somebody else. What is done that way meets admission as done by the other one, so the persistence
    /// guard cannot see it: of the built-in ClusterRoles, <c>edit</c> and <c>admin</c> may impersonate the ServiceAccounts of their namespace.
    /// Knows the verb <c>impersonate</c> and the constrained <c>impersonate:…</c> of KEP-5284.
    /// </summary>
    public static bool CanImpersonate(IEnumerable<V1PolicyRule> rules) => rules.Any(CanImpersonate);

    /// <summary>
    /// Whether rules let their holder change what the requests of others pass through: admission itself, API services, conversion webhooks, flow control. The
    /// API server asks nobody about admission policies and their bindings, and no webhook about webhook configurations, so the persistence guard stops the
    /// latter only where it has its own policies, and never records it.
    /// </summary>
    public static bool CanChangeAdmission(IEnumerable<V1PolicyRule> rules) =>
        rules.Any(rule => GuardTable.Rows.Any(row => row is { Way: PersistenceKind.Webhooks } && Opens(rule, row)));

    // Whether a rule lets its holder do what a row of the guard is about. A ConfigMap that decides who somebody is counts only where a rule names it, or
    // everything is: editing the ConfigMaps of an application is what most roles are for.
    private static bool Opens(V1PolicyRule rule, GuardRow row)
    {
        if (!row.Operations.Any(operation => VerbsOf(operation).Any(v => rule.VerbsOrEmpty.Contains(v)) || rule.VerbsOrEmpty.Contains("*"))) return false;
        if (row.Way is not PersistenceKind.Webhooks && !rule.VerbsOrEmpty.Any(WriteVerbs.Contains)) return false;
        if (!rule.GroupsOrEmpty.Contains(row.Group) && !rule.GroupsOrEmpty.Contains("*")) return false;
        if (GuardTable.ConfigMapOf(row.Mark) is { } configMap) return Covers(rule, row.Group, "configmaps") && rule.NamesOrEmpty.Contains(configMap);

        // A Role alone is not a way: the API server lets users write no more into it than they have, but for the verb escalate.
        return row.Resources.Any(
            r => r is "*" or "*/*" ? rule.ResourcesOrEmpty.Count > 0 : r is not ("roles" or "clusterroles") && Covers(rule, row.Group, r));
    }

    private static string[] VerbsOf(string operation) => operation switch
    {
        "CREATE" => ["create"],
        "UPDATE" => ["update", "patch"],
        _ => ["delete", "deletecollection"],
    };

    private static bool IsReadOnly(V1PolicyRule rule) =>
        rule.VerbsOrEmpty.All(ReadOnlyVerbs.Contains)
        && !rule.GroupsOrEmpty.Concat(rule.ResourcesOrEmpty).Concat(rule.UrlsOrEmpty).Any(v => v.Contains('*', StringComparison.Ordinal))
        && !ReadsSecrets(rule)
        && rule.ResourcesOrEmpty.All(r => r.Split('/', 2) is not [_, var sub] || ReadOnlySubresources.Contains(sub))
        && !rule.UrlsOrEmpty.Any(u => SensitivePaths.Any(p => u.StartsWith(p, StringComparison.Ordinal)));

    private static bool CanImpersonate(V1PolicyRule rule)
    {
        if (!rule.VerbsOrEmpty.Any(v => v is "impersonate" or "*" || v.StartsWith("impersonate:", StringComparison.Ordinal))) return false;
        bool Names(string group, string[] resources) =>
            rule.GroupsOrEmpty.Any(g => g == group || g == "*") && rule.ResourcesOrEmpty.Any(r => r == "*" || resources.Contains(r.Split('/', 2)[0]));
        return Names("", Impersonated) || Names("authentication.k8s.io", ImpersonatedToo);
    }

    private static bool Covers(V1PolicyRule rule, string group, string resource)
    {
        if (!rule.GroupsOrEmpty.Contains(group) && !rule.GroupsOrEmpty.Contains("*")) return false;
        var slash = resource.IndexOf('/');
        return rule.ResourcesOrEmpty.Any(r => r == "*" || r == resource || (slash > 0 && r == $"*{resource[slash..]}"));
    }
}
