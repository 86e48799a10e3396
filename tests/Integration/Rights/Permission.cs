using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using k8s;
using k8s.Models;
using Kube.Client;

namespace Integration.Rights;

/// <summary>One thing that a role lets an identity do; the namespace is empty for the whole cluster.</summary>
internal sealed record Permission(string Verb, string Group, string Resource, string Namespace)
{
    public override string ToString() => $"{Verb} {Resource}{(Group.Length > 0 ? $".{Group}" : "")}{(Namespace.Length > 0 ? $" in {Namespace}" : "")}";

    /// <summary>What the installed roles give a ServiceAccount of the operator's namespace, taken apart.</summary>
    public static async Task<IReadOnlyList<Permission>> OfAsync(KubeClient admin, string serviceAccount)
    {
        bool Names(IReadOnlyList<Rbacv1Subject> subjects) =>
            subjects.Any(s => s.Kind == V1ServiceAccount.KubeKind && s.NamespaceProperty == "breakglass-system" && s.Name == serviceAccount);
        var found = new List<Permission>();
        foreach (var binding in (await admin.ListAsync<V1ClusterRoleBinding>(new(), CancellationToken.None)).Items.Where(b => Names(b.SubjectsOrEmpty)))
        {
            found.AddRange(Take((await admin.GetAsync<V1ClusterRole>(binding.RoleRef.Name, null, CancellationToken.None)).RulesOrEmpty, ""));
        }

        foreach (var binding in (await admin.ListAsync<V1RoleBinding>(new(), CancellationToken.None)).Items.Where(b => Names(b.SubjectsOrEmpty)))
        {
            var ns = binding.Metadata.NamespaceProperty!;
            found.AddRange(Take((await admin.GetAsync<V1Role>(binding.RoleRef.Name, ns, CancellationToken.None)).RulesOrEmpty, ns));
        }

        return found;
    }

    /// <summary>What an identity was allowed to do and did, by the API server's audit log.</summary>
    public static async Task<IReadOnlySet<Permission>> UsedAsync(string auditLog, string user)
    {
        var used = new HashSet<Permission>();
        await using var file = new FileStream(auditLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        while (await reader.ReadLineAsync() is { } line)
        {
            // The server may be in the middle of the last line.
            if (!line.Contains(user, StringComparison.Ordinal) || !line.EndsWith('}')) continue;
            var entry = JsonNode.Parse(line)!;
            if (entry["user"]?["username"]?.GetValue<string>() != user || entry["objectRef"] is not { } about) continue;
            if (entry["annotations"]?["authorization.k8s.io/decision"]?.GetValue<string>() != "allow") continue;
            string Text(string field) => about[field]?.GetValue<string>() ?? "";
            var resource = Text("subresource") is { Length: > 0 } subresource ? $"{Text("resource")}/{subresource}" : Text("resource");
            used.Add(new(entry["verb"]!.GetValue<string>(), Text("apiGroup"), resource, Text("namespace")));
        }

        return used;
    }

    /// <summary>Whether a use needs this permission: made in its namespace, or anywhere where it counts in all of them.</summary>
    public bool IsUsedBy(Permission use) =>
        use.Verb == Verb && use.Group == Group && use.Resource == Resource && (Namespace.Length == 0 || use.Namespace == Namespace);

    private static IEnumerable<Permission> Take(IReadOnlyList<V1PolicyRule> rules, string ns) =>
        from rule in rules from verb in rule.VerbsOrEmpty from @group in rule.GroupsOrEmpty from resource in rule.ResourcesOrEmpty
        select new Permission(verb, @group, resource, ns);
}
