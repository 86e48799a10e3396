using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Sessions;

/// <summary>What the API server's authorizer was asked for a row of a session.</summary>
/// <param name="Verb">The verb.</param>
/// <param name="Group">The API group.</param>
/// <param name="Resource">The resource with its subresource, as rules write it; or a path.</param>
/// <param name="Namespace">The namespace; empty for cluster-wide requests.</param>
/// <param name="Name">The name; empty if the authorizer was asked without one.</param>
internal sealed record AskedRight(string Verb, string Group, string Resource, string Namespace, string Name)
{
    private const string ServiceAccountPrefix = "system:serviceaccount:";

    /// <summary>Whether the request is about no resource of the API.</summary>
    public bool IsPath => Resource.StartsWith('/');

    /// <summary>
    /// What was asked; null if a rule cannot say it without saying more: a name that is written like a wildcard. Under another name the identity's own right
    /// is the one to impersonate; with the token of a ServiceAccount it is that ServiceAccount's right.
    /// </summary>
    public static AskedRight? Of(SessionAction action)
    {
        if (action.TokenOf.Length > 0) return null;
        var right = action.AsUser.Length > 0 ? Impersonation(action.AsUser) : new(
            action.Verb, action.ApiGroup, action.Subresource.Length == 0 ? action.Resource : $"{action.Resource}/{action.Subresource}", action.Namespace,
            HasNoName(action) ? "" : action.Name);
        return right is { Verb.Length: > 0, Resource.Length: > 0 } && !$"{right.Verb} {right.Group} {right.Resource}".Contains('*') ? right : null;
    }

    /// <summary>Whether rules that are bound where the request was made allow it.</summary>
    public bool IsAllowedBy(IReadOnlyList<V1PolicyRule> rules) => IsPath
        ? RbacCoverage.Allows(rules, new V1NonResourceAttributes { Verb = Verb, Path = Resource })
        : RbacCoverage.Allows(rules, new V1ResourceAttributes
        {
            Verb = Verb,
            Group = Group,
            Resource = Resource.Split('/', 2)[0],
            Subresource = Resource.Split('/', 2).ElementAtOrDefault(1),
            NamespaceProperty = Namespace,
            Name = Name,
        });

    /// <summary>
    /// Audit events have the name of the new object, but the authorizer is asked before there is one. A list or watch has a name if its field selector has
    /// one, and then the authorizer is asked with it.
    /// </summary>
    private static bool HasNoName(SessionAction action) => action is { Verb: "create", Subresource: "" };

    private static AskedRight Impersonation(string user) =>
        user.StartsWith(ServiceAccountPrefix, StringComparison.Ordinal) && user[ServiceAccountPrefix.Length..].Split(':') is [var ns, var name]
            ? new("impersonate", "", "serviceaccounts", ns, name)
            : new("impersonate", "", "users", "", user);
}
