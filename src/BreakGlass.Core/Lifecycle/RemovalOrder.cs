namespace BreakGlass.Core.Lifecycle;

/// <summary>When the objects of a kind are removed once a grant ended.</summary>
public enum RemovalOrder
{
    /// <summary>At once: a binding. Access is gone when it is.</summary>
    Access,

    /// <summary>Then: the identity and its Secret. Every token dies with them.</summary>
    Credential,

    /// <summary>Last: what gives nothing without the others.</summary>
    Rest,
}
