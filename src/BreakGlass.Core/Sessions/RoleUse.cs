namespace BreakGlass.Core.Sessions;

/// <summary>What of a role was used.</summary>
/// <param name="Role">The role.</param>
/// <param name="Rules">Its rules with the requests that each allowed.</param>
/// <param name="Smaller">The rules of a role that would have been enough.</param>
public sealed record RoleUse(GrantedRole Role, IReadOnlyList<RuleUse> Rules, IReadOnlyList<V1PolicyRule> Smaller);
