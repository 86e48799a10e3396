namespace BreakGlass.Core.Rules;

/// <summary>The identities that an access entry allows a grant to act as.</summary>
/// <param name="Candidates">How many ServiceAccounts there are to ask about.</param>
/// <param name="Answers">What those can do that were asked about.</param>
public sealed record ActorFindings(int Candidates, IReadOnlyList<ActorSummary> Answers);
