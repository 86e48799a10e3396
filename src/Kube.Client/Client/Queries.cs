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

/// <summary>What to watch.</summary>
public sealed record WatchQuery
{
    /// <summary>The namespace; null for all, and for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>Label selector.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Field selector.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Where to go on from: the version of a list or of the last event. Null or <c>0</c> begins with synthetic ADDED events.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>
    /// How long the server shall keep the watch open (<c>timeoutSeconds</c>; rounded up to whole seconds, at least one). The client ends the watch
    /// itself <see cref="KubeClientOptions.WatchGrace"/> later, should the connection have gone silent.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>How to delete. Preconditions that do not hold are answered with 409 (<see cref="KubeApiException.IsConflict"/>).</summary>
public sealed record DeleteOptions
{
    /// <summary>Delete only the object with this UID: one of the same name made later is left alone.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only this version.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>No condition, the kind's defaults.</summary>
    public static DeleteOptions Default { get; } = new();
}

/// <summary>The server's version (<c>/version</c>).</summary>
/// <param name="Major">E.g. 1.</param>
/// <param name="Minor">E.g. 20; a provider's suffix (<c>20+</c>) is cut.</param>
/// <param name="GitVersion">E.g. <c>v1.20.2</c>.</param>
public sealed record ServerVersion(int Major, int Minor, string GitVersion)
{
    /// <summary>Whether the server is of this release or a later one.</summary>
    public bool IsAtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);
}
