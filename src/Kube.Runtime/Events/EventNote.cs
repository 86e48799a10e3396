namespace Kube.Runtime;

/// <summary>Whether an event is news or a warning.</summary>
public enum EventSeverity
{
    /// <summary>Things go as they should.</summary>
    Normal,

    /// <summary>Somebody should look.</summary>
    Warning,
}

/// <summary>Something worth an event on a Kubernetes object. No secret may stand in it.</summary>
public sealed record EventNote
{
    /// <summary>News or warning.</summary>
    public EventSeverity Type { get; init; }

    /// <summary>Why, CamelCase, at most 128 characters.</summary>
    public required string Reason { get; init; }

    /// <summary>What was done, CamelCase, at most 128 characters.</summary>
    public required string Action { get; init; }

    /// <summary>A sentence for people; cut off after 1024 bytes.</summary>
    public required string Note { get; init; }

    /// <summary>The object that it is about.</summary>
    public required V1ObjectReference Regarding { get; init; }

    /// <summary>A second object that has to do with it.</summary>
    public V1ObjectReference? Related { get; init; }

    /// <summary>What distinguishes the notes of one series if each is to be an event of its own; null if the second and later ones are only counted.</summary>
    public string? Distinct { get; init; }
}

/// <summary>How an <see cref="EventRecorder"/> works.</summary>
public sealed record EventRecorderOptions
{
    /// <summary>The controller that reports, e.g. <c>breakglass.dev/operator</c>.</summary>
    public required string Controller { get; init; }

    /// <summary>The instance of it, e.g. the pod's name; cut off after 128 characters.</summary>
    public required string Instance { get; init; }

    /// <summary>Notes that may wait; 10,000 by default. Further ones are dropped and counted.</summary>
    public int QueueSize { get; init; } = 10_000;

    /// <summary>
    /// How long a note waits before it is written, so that the write does not delay the work that it reports; zero, the default, for not at all. A flush does
    /// not wait.
    /// </summary>
    public TimeSpan Linger { get; init; }

    /// <summary>How many requests at a time; 2 by default. Notes of one kind on one object stay in order.</summary>
    public int Senders { get; init; } = 2;
}
