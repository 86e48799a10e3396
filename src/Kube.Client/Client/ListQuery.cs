namespace Kube.Client;

/// <summary>What to list. The default is everything in all namespaces, 500 a page, the most recent state.</summary>
public sealed record ListQuery
{
    /// <summary>The namespace; null for all, and for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>Label selector as the API writes it, e.g. <c>a=b,!c</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector, e.g. <c>metadata.name=x</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>
    /// Null: the most recent state (quorum read). <c>0</c>: whatever the server's cache holds. Another: not older than that.
    /// Source: Kubernetes API concepts, "Resource versions".
    /// </summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Objects a page, 0 or more; 0: all in one answer.</summary>
    public int Limit { get; init; } = 500;

    /// <summary>Where to go on, from the page before.</summary>
    public string? Continue { get; init; }
}
