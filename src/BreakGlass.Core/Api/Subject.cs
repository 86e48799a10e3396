using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>Who a binding is for.</summary>
public sealed record Subject
{
    /// <summary>User, Group or ServiceAccount.</summary>
    [Required, Enum(ApiWords.SubjectKinds)]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The API group: the RBAC group for users and groups, empty for service accounts. The server fills it in where it is missing.</summary>
    [Length(maxLength: 64)]
    public string? ApiGroup { get; init; }

    /// <summary>The name.</summary>
    [Required, Length(1, 1024)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace, of service accounts only.</summary>
    [Length(maxLength: 63)]
    public string? Namespace { get; init; }
}
