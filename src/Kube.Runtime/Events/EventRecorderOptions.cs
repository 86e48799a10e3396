namespace Kube.Runtime;

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
