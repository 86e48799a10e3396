namespace BreakGlass.Core.Model;

/// <summary>One row of the table.</summary>
/// <param name="Way">Which way to persistence it is.</param>
/// <param name="Group">API group; empty for the core group. All versions of it.</param>
/// <param name="Resources">Resources and subresources as a webhook's rules name them: <c>*</c> for all resources, <c>*/*</c> for their subresources
/// as well.</param>
/// <param name="Operations">CREATE, UPDATE (which is what a patch is), DELETE.</param>
/// <param name="Mark">What the object must have about it.</param>
public sealed record GuardRow(PersistenceKind Way, string Group, IReadOnlyList<string> Resources, IReadOnlyList<string> Operations, GuardMark Mark);
