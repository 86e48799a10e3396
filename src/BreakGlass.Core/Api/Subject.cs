using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A user, a group or a ServiceAccount.</summary>
public sealed record Subject
{
    /// <summary>User, Group or ServiceAccount.</summary>
    [Required, Enum(ApiWords.SubjectKinds)]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The API group: rbac.authorization.k8s.io for users and groups, empty for ServiceAccounts. Optional.</summary>
    [Length(maxLength: 64)]
    public string? ApiGroup { get; init; }

    /// <summary>The name of the subject.</summary>
    [Required, Length(1, 1024)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace of a ServiceAccount. Required for ServiceAccounts only.</summary>
    [Length(maxLength: 63)]
    public string? Namespace { get; init; }
}
