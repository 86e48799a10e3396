using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>Questions to the authorizer about a grant's identity.</summary>
internal static class AccessQuestions
{
    /// <summary>Whether a rule allows a request on a resource.</summary>
    public static bool CanBeAsked(V1PolicyRule rule) => rule is { Verbs.Count: > 0, Resources.Count: > 0, ApiGroups.Count: > 0 };

    /// <summary>Asks for the first thing that the rules allow; for reading pods where they allow nothing.</summary>
    public static V1SubjectAccessReviewSpec For(BreakGlassGrant grant, IReadOnlyList<V1PolicyRule> rules, string? ns)
    {
        var rule = rules.FirstOrDefault(CanBeAsked);
        var resource = Concrete(rule?.Resources[0], "pods").Split('/', 2);
        var attributes = new V1ResourceAttributes
        {
            NamespaceProperty = ns,
            Verb = Concrete(rule?.Verbs[0], "get"),
            Group = Concrete(rule?.ApiGroups[0], ""),
            Resource = resource[0] == "*" ? "pods" : resource[0],
            Subresource = resource.Length > 1 ? resource[1] : null,
            Name = rule?.NamesOrEmpty is [var only, ..] ? only : null,
        };
        return Identity(grant) with { ResourceAttributes = attributes };
    }

    /// <summary>One question for each binding that was recorded.</summary>
    public static IReadOnlyList<V1SubjectAccessReviewSpec> ForAll(GrantFacts facts, BreakGlassGrant grant) =>
    [
        .. grant.Status.Bindings.DistinctBy(b => (b.Role, b.Namespace)).Select(b =>
        {
            var role = b.Role.Split('/', 2) is [var kind, var name] ? new RoleReference { Kind = kind, Name = name } : new RoleReference();
            return For(grant, facts.Cluster.RulesOf(role, b.Namespace), b.Namespace);
        }),
    ];

    private static V1SubjectAccessReviewSpec Identity(BreakGlassGrant grant)
    {
        if (grant.Status.Credential is CredentialKind.BindRequester || grant.Status.ServiceAccount?.Split('/', 2) is not [var ns, var name])
        {
            var requester = grant.Spec.Requester ?? Caller.Nobody;
            return new() { User = requester.Username, Groups = [.. requester.Groups.Append("system:authenticated").Distinct()] };
        }

        return new() { User = Subjects.ServiceAccountUser(ns, name), Groups = [.. Subjects.ServiceAccountGroups(ns)] };
    }

    private static string Concrete(string? value, string otherwise) => value is null or "*" ? otherwise : value;
}
