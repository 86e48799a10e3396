namespace BreakGlass.Core.Api;

/// <summary>What happens to objects that a grant's identity created.</summary>
public enum LeftoverHandling
{
    /// <summary>They stay, and the grant's status lists them.</summary>
    Report,

    /// <summary>The grant's binding owns them, so they are deleted with it.</summary>
    Remove,
}
