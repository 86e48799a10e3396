namespace Kube.Runtime;

/// <summary>What happened to an object in the cache.</summary>
public enum ChangeKind
{
    /// <summary>It is new to the cache.</summary>
    Added,

    /// <summary>It has another version, or the same one is reported again.</summary>
    Updated,

    /// <summary>It is gone.</summary>
    Deleted,
}
