namespace BreakGlass.Core.Lifecycle;

/// <summary>Why an object of ours is deleted.</summary>
public enum Removal
{
    /// <summary>The grant is over.</summary>
    Revocation,

    /// <summary>The grant goes on without it.</summary>
    NoLongerWanted,

    /// <summary>It was tampered with in a way that cannot be put right in place.</summary>
    Tampered,

    /// <summary>Its grant is not there any more, or another one.</summary>
    Orphan,
}
