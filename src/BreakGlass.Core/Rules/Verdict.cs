using BreakGlass.Core.Model;

namespace BreakGlass.Core.Rules;

/// <summary>What a policy says to a grant.</summary>
/// <param name="Denial">Why not; null where access is allowed.</param>
/// <param name="Duration">How long, where it is.</param>
/// <param name="Access">Which entries, where it is.</param>
/// <param name="Targets">Which bindings, where it is.</param>
public sealed record Verdict(Problem? Denial, TimeSpan Duration, IReadOnlyList<AccessEntry> Access, IReadOnlyList<Target> Targets);
