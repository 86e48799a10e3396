namespace BreakGlass.Core.Leftovers;

/// <summary>What was seen of a grant's leftovers.</summary>
/// <param name="Stamped">Whether anything stamps at all; where nothing does, nothing can be found.</param>
/// <param name="Found">What is there.</param>
/// <param name="Unseen">Kinds that the operator may not list.</param>
/// <param name="Failed">Whether a kind could not be listed for a reason that passes.</param>
public sealed record LeftoversSeen(bool Stamped, IReadOnlyList<LeftObject> Found, IReadOnlyList<string> Unseen, bool Failed);
