namespace Kube.Runtime;

/// <summary>What an <see cref="Informer{T}"/> mirrors and how.</summary>
public sealed record InformerOptions<T>
{
    /// <summary>The namespace; null for all, and for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>
    /// Called when the server answers a list with 403: whether the namespace is gone, and with it the rights in it. Then the cache is empty rather than
    /// outdated, and the list is retried at intervals until the namespace is back. Null: a 403 is a failure.
    /// </summary>
    public Func<CancellationToken, Task<bool>>? IsNamespaceGone { get; init; }

    /// <summary>Label selector; null for everything.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Index name → values of an object under it. Pure functions that do not throw.</summary>
    public IReadOnlyDictionary<string, Func<T, IEnumerable<string>>> Indexers { get; init; } = new Dictionary<string, Func<T, IEnumerable<string>>>();

    /// <summary>Applied to every object before it is kept, to drop what is never read. Must leave the metadata's identity as it is.</summary>
    public Func<T, T>? Transform { get; init; }
}
