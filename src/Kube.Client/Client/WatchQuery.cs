namespace Kube.Client;

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
