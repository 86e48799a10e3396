namespace BreakGlass.Core.Leftovers;

/// <summary>An object that is still there.</summary>
/// <param name="Resource">Its resource, as <c>deployments.apps</c>.</param>
/// <param name="Namespace">Its namespace, or null.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its UID.</param>
public sealed record LeftObject(string Resource, string? Namespace, string Name, string? Uid)
{
    /// <summary>The entry of an older object that was changed.</summary>
    public string AsChanged => $"changed: {Text}";

    private string Text => $"{Resource} {(string.IsNullOrEmpty(Namespace) ? "" : Namespace + "/")}{Name} (UID {Uid})";

    /// <inheritdoc/>
    public override string ToString() => $"left: {Text}";
}
