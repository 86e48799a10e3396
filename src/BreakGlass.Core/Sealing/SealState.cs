namespace BreakGlass.Core.Sealing;

/// <summary>What the seal of an object says.</summary>
public enum SealState
{
    /// <summary>Our admission webhook saw the object as it stands, and stamped who wrote it.</summary>
    Valid,

    /// <summary>There is none.</summary>
    Missing,

    /// <summary>There is one, and it does not fit the object, its age or any key we know.</summary>
    Broken,
}
