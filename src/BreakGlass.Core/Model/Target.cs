namespace BreakGlass.Core.Model;

/// <summary>One binding that a grant stands for: an access entry in one place.</summary>
/// <param name="Entry">Name of the access entry.</param>
/// <param name="Role">The role given.</param>
/// <param name="Namespace">The namespace, or null for the whole cluster.</param>
public sealed record Target(string Entry, RoleReference Role, string? Namespace)
{
    /// <summary>UID of the namespace: one that is deleted and created again is another one.</summary>
    public string? NamespaceUid { get; init; }

    /// <summary>Whether it gives the grant's identity nothing, but tells the persistence guard what to let pass.</summary>
    public bool IsPersistence { get; init; }
}
