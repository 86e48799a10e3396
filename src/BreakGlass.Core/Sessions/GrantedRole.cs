namespace BreakGlass.Core.Sessions;

/// <summary>A role that a policy gives, as it is now.</summary>
/// <param name="Entry">The access entry.</param>
/// <param name="Role">The role.</param>
/// <param name="Namespace">The namespace of a Role; null for a ClusterRole.</param>
/// <param name="Rules">Its rules.</param>
public sealed record GrantedRole(string Entry, RoleReference Role, string? Namespace, IReadOnlyList<V1PolicyRule> Rules);
