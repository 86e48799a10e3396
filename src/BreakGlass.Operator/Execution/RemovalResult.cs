namespace BreakGlass.Operator.Execution;

/// <summary>How a removal ended.</summary>
internal enum RemovalResult
{
    /// <summary>The object is not there any more.</summary>
    Gone,

    /// <summary>Another object is in its place.</summary>
    Replaced,

    /// <summary>It is still there; a binding perhaps without subjects.</summary>
    Obstructed,
}
