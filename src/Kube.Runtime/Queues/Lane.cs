namespace Kube.Runtime;

/// <summary>How pressing an item is. A more pressing one overtakes whatever waits in the lanes behind it.</summary>
public enum Lane
{
    /// <summary>Has workers of its own (revocation): a flood in the other lanes does not hold it up.</summary>
    Urgent,

    /// <summary>Live changes.</summary>
    Normal,

    /// <summary>Backlog: the initial list, resyncs, regular checks.</summary>
    Background,
}
