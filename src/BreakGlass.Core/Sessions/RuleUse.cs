namespace BreakGlass.Core.Sessions;

/// <summary>A rule of a role, and how many requests it allowed.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Requests">The number of requests; a request that several rules allow counts for each of them.</param>
public sealed record RuleUse(V1PolicyRule Rule, long Requests);
