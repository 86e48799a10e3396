namespace BreakGlass.Core.Api;

/// <summary>A binding that gives access.</summary>
public sealed record BindingRecord
{
    /// <summary>RoleBinding or ClusterRoleBinding.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace of a RoleBinding. Empty for a ClusterRoleBinding.</summary>
    public string? Namespace { get; init; }

    /// <summary>The name of the binding.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The role, as kind/name.</summary>
    public string Role { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of the binding. The operator uses it to recognize a binding whose labels were removed.</summary>
    public string? Uid { get; init; }

    /// <summary>The UID of the namespace at the time of the decision. A namespace that is created again gets no access.</summary>
    public string? NamespaceUid { get; init; }

    /// <summary>Why there is no access in this place. Empty if there is access.</summary>
    public string? Problem { get; init; }
}
