namespace Kube.Runtime;

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
