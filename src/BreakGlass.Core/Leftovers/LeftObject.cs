namespace BreakGlass.Core.Leftovers;

/// <summary>An object that is still there.</summary>
/// <param name="Resource">Its resource, as <c>deployments.apps</c>.</param>
/// <param name="Namespace">Its namespace, or null.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its UID.</param>
public sealed record LeftObject(string Resource, string? Namespace, string Name, string? Uid)
{
    /// <inheritdoc/>
    public override string ToString() => $"left: {Resource} {(string.IsNullOrEmpty(Namespace) ? "" : Namespace + "/")}{Name} (UID {Uid})";
}
