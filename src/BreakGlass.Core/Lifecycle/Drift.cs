namespace BreakGlass.Core.Lifecycle;

/// <summary>How an object differs from what it should be.</summary>
public enum Drift
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By what gives nothing to anybody: labels, annotations, owners. It can be put right in place.</summary>
    Marks,

    /// <summary>By what it gives, or to whom. It can be put right in place.</summary>
    Repair,

    /// <summary>A field that never changes is wrong, so it must be deleted and made again.</summary>
    Replace,
}
