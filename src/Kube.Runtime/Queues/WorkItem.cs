namespace Kube.Runtime;

/// <summary>An item handed to a worker, which must call <see cref="WorkQueue{TKey}.Done"/> for it.</summary>
/// <param name="Key">What to work on.</param>
/// <param name="Lane">The lane it came from.</param>
public readonly record struct WorkItem<TKey>(TKey Key, Lane Lane);
