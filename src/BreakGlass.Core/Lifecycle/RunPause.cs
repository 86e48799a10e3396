namespace BreakGlass.Core.Lifecycle;

/// <summary>Whether a run gives way to more urgent ones before it is finished. It goes on later with all that it knows.</summary>
public enum RunPause
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>Access is cut: the rest of the end waits until the access of every other grant that is due is cut as well.</summary>
    AfterCut,

    /// <summary>The end of access is proven: what is left is tidying up, and no person waits for it.</summary>
    AfterProof,
}
