using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A role by name.</summary>
public sealed record RoleReference
{
    /// <summary>ClusterRole, or Role for a role that exists in each of the namespaces.</summary>
    [Required, Enum(ApiWords.RoleKinds)]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The role's name.</summary>
    [Required, Length(1, 253)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}/{Name}";
}
