namespace Kube.Client;

/// <summary>What happened to an object.</summary>
public enum WatchEventType
{
    /// <summary>It is there now: made, or come into the selection.</summary>
    Added,

    /// <summary>It changed.</summary>
    Modified,

    /// <summary>It is gone, or left the selection; the object is its last state.</summary>
    Deleted,

    /// <summary>Nothing happened up to this resource version; the object holds nothing else.</summary>
    Bookmark,
}
