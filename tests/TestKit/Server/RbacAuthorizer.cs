using System.Text.Json.Nodes;
using k8s.Models;

namespace TestKit;

/// <summary>The RBAC authorizer over the stored roles and bindings (plugin/pkg/auth/authorizer/rbac), with its reasons.</summary>
internal sealed class RbacAuthorizer(ObjectStore store, ResourceRegistry resources)
{
    public (bool Allowed, string Reason) Decide(AccessQuestion q)
    {
        if (q.Groups.Contains("system:masters")) return (true, "");
        var errors = new List<string>();
        foreach (var (source, rule) in Rules(q.User, q.Groups, q.Namespace, errors))
        {
            if (Allows(rule, q)) return (true, $"RBAC: allowed by {source}");
        }

        return (false, errors.Count == 0 ? "" : $"RBAC: {(errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]")}");
    }

    /// <summary>The rules of a role, or null if there is none.</summary>
    public IReadOnlyList<JsonObject>? RulesOf(JsonNode? roleRef, string ns)
    {
        var cluster = roleRef.Text("kind") == "ClusterRole";
        var role = store.Find(Kind(cluster ? "clusterroles" : "roles"), new(cluster ? "" : ns, roleRef.Text("name")));
        return role?.Objects("rules");
    }

    /// <summary>Refuses to hand out, by a role or binding, what the author does not hold (pkg/registry/rbac/escalation_check.go).</summary>
    public void RequireNoEscalation(ResourceDefinition r, FakeUser user, string ns, JsonObject o, JsonObject? old)
    {
        var groups = user.AllGroups;
        if (r.Group != V1Role.KubeGroup || !user.EnforceRbac || groups.Contains("system:masters")) return;
        if (old is not null && new[] { "rules", "aggregationRule", "roleRef", "subjects" }.All(f => Json.Same(o[f], old[f]))) return;
        IReadOnlyList<JsonObject> wanted;
        if (r.Plural is "roles" or "clusterroles")
        {
            if (Decide(new(user.Name, groups, "escalate") { Group = V1Role.KubeGroup, Resource = r.Plural, Namespace = ns, Name = o.Name() }).Allowed) return;
            wanted = o.Objects("rules");
        }
        else
        {
            var role = o["roleRef"];
            var resource = role.Text("kind") == "ClusterRole" ? "clusterroles" : "roles";
            if (Decide(new(user.Name, groups, "bind") { Group = V1Role.KubeGroup, Resource = resource, Namespace = ns, Name = role.Text("name") }).Allowed)
                return;
            wanted = RulesOf(role, ns) ?? throw ApiException.NotFound(Kind(resource), role.Text("name"));
        }

        var held = Rules(user.Name, groups, ns, []).Select(h => h.Rule).ToList();
        var missing = wanted.SelectMany(Atoms).Where(a => !held.Any(h => Allows(h, a)))
            .GroupBy(Describe)
            .Select(g => $"{{{g.Key}, Verbs:[{string.Join(' ', g.Select(a => FieldError.Quote(a.Verb)).Distinct())}]}}")
            .Order(StringComparer.Ordinal).ToList();
        if (missing.Count == 0) return;
        throw ApiException.Forbidden(
            r, o.Name(), $"user \"{user.Name}\" (groups=[{string.Join(' ', groups.Select(FieldError.Quote))}]) is attempting to grant RBAC permissions not "
                + $"currently held:\n{string.Join('\n', missing)}");
    }

    private IEnumerable<(string Source, JsonObject Rule)> Rules(string user, IReadOnlyList<string> groups, string ns, List<string> errors)
    {
        var bindings = store.All(Kind("clusterrolebindings")).Select(b => (Cluster: true, b.Value));
        if (ns.Length > 0) bindings = bindings.Concat(store.In(Kind("rolebindings"), ns).Select(b => (Cluster: false, b.Value)));
        foreach (var (cluster, binding) in bindings)
        {
            if (binding.Objects("subjects").FirstOrDefault(s => Applies(s, user, groups, binding.Namespace())) is not { } subject) continue;
            var role = binding["roleRef"];
            if (RulesOf(role, ns) is not { } rules)
            {
                errors.Add($"{role.Text("kind").ToLowerInvariant()}.rbac.authorization.k8s.io \"{role.Text("name")}\" not found");
                continue;
            }

            var who = subject.Text("kind") == "ServiceAccount"
                ? $"{subject.Text("name")}/{AccountNamespace(subject, binding.Namespace())}" : subject.Text("name");
            var name = cluster ? binding.Name() : $"{binding.Name()}/{binding.Namespace()}";
            var source =
                $"{(cluster ? "ClusterRoleBinding" : "RoleBinding")} \"{name}\" of {role.Text("kind")} \"{role.Text("name")}\" to "
                    + $"{subject.Text("kind")} \"{who}\"";
            foreach (var rule in rules) yield return (source, rule);
        }
    }

    private static string AccountNamespace(JsonObject subject, string bindingNamespace) =>
        subject.Text("namespace") is { Length: > 0 } ns ? ns : bindingNamespace;

    private static bool Applies(JsonObject subject, string user, IReadOnlyList<string> groups, string bindingNamespace) => subject.Text("kind") switch
    {
        "User" => subject.Text("name") == user,
        "Group" => groups.Contains(subject.Text("name")),
        "ServiceAccount" => $"system:serviceaccount:{AccountNamespace(subject, bindingNamespace)}:{subject.Text("name")}" == user,
        _ => false,
    };

    private static bool Allows(JsonObject rule, AccessQuestion q)
    {
        if (!rule.Texts("verbs").Any(v => v == "*" || v == q.Verb)) return false;
        if (q.Path is not null)
        {
            return rule.Texts("nonResourceURLs").Any(
                u => u == "*" || u == q.Path || (u.EndsWith('*') && q.Path.StartsWith(u[..^1], StringComparison.Ordinal)));
        }

        var names = rule.Texts("resourceNames");
        return rule.Texts("apiGroups").Any(g => g == "*" || g == q.Group)
            && rule.Texts("resources").Any(r => r == "*" || r == q.CombinedResource || (q.Subresource.Length > 0 && r == $"*/{q.Subresource}"))
            && (names.Count == 0 || names.Contains(q.Name));
    }

    // A rule taken apart into the single permissions that must each be held.
    private static IEnumerable<AccessQuestion> Atoms(JsonObject rule) =>
        from verb in rule.Texts("verbs")
        from atom in rule.Texts("nonResourceURLs").Select(u => new AccessQuestion("", [], verb) { Path = u })
            .Concat(from g in rule.Texts("apiGroups")
                    from r in rule.Texts("resources")
                    from n in rule.Texts("resourceNames").DefaultIfEmpty("")
                    let slash = r.IndexOf('/', StringComparison.Ordinal)
                    select new AccessQuestion("", [], verb)
                    {
                        Group = g, Name = n, Resource = slash < 0 ? r : r[..slash], Subresource = slash < 0 ? "" : r[(slash + 1)..],
                    })
        select atom;

    private static string Describe(AccessQuestion atom)
    {
        if (atom.Path is not null) return $"NonResourceURLs:[\"{atom.Path}\"]";
        var names = atom.Name.Length == 0 ? "" : $", ResourceNames:[\"{atom.Name}\"]";
        return $"APIGroups:[\"{atom.Group}\"], Resources:[\"{atom.CombinedResource}\"]{names}";
    }

    private ResourceDefinition Kind(string plural) => resources.Find(V1Role.KubeGroup, "v1", plural)!;
}
