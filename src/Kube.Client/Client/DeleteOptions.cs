namespace Kube.Client;

/// <summary>How to delete. Preconditions that do not hold are answered with 409 (<see cref="KubeApiException.IsConflict"/>).</summary>
public sealed record DeleteOptions
{
    /// <summary>Delete only the object with this UID: one of the same name made later is left alone.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only this version.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>How long a pod has to stop; 0 takes the object away at once. Null: as the object says.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary>No condition, the kind's defaults.</summary>
    public static DeleteOptions Default { get; } = new();
}
