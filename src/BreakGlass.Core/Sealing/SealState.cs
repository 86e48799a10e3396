namespace BreakGlass.Core.Sealing;

/// <summary>Whether admission vouches for an object.</summary>
public enum SealState
{
    /// <summary>What the object says is what admission saw, and who it says wrote it did.</summary>
    Valid,

    /// <summary>The object carries no seal: it did not pass our admission webhook.</summary>
    Missing,

    /// <summary>The object carries a seal that does not fit it: it was changed past admission, belongs to another object or another time, or its key is gone.</summary>
    Broken,
}
