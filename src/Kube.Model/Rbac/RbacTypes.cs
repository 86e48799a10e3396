using System.Text.Json.Serialization.Metadata;
using Kube.Model.Schema;

namespace Kube.Model;

/// <summary>Names of the RBAC API (rbac.authorization.k8s.io/v1).</summary>
public static class Rbac
{
    /// <summary>The API group.</summary>
    public const string Group = "rbac.authorization.k8s.io";

    /// <summary>Group and version.</summary>
    public const string ApiVersion = Group + "/v1";
}

/// <summary>Who a binding is for.</summary>
public sealed record Subject
{
    /// <summary>User, Group or ServiceAccount.</summary>
    [Required, Enum("User", "Group", "ServiceAccount")]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The API group: the RBAC group for users and groups, empty for service accounts. The server fills it in where it is missing.</summary>
    [Bounds(max: 64)]
    public string? ApiGroup { get; init; }

    /// <summary>The name.</summary>
    [Required, Bounds(1, 1024)]
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The namespace, of service accounts only.</summary>
    [Bounds(max: 63)]
    public string? Namespace { get; init; }
}

/// <summary>Which role a binding hands out; immutable once the binding exists.</summary>
public sealed record RoleRef
{
    /// <summary>The RBAC API group.</summary>
    public string ApiGroup { get; init => field = value ?? Rbac.Group; } = Rbac.Group;

    /// <summary><c>Role</c> or <c>ClusterRole</c>.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary>The role's name.</summary>
    public string Name { get; init => field = value ?? ""; } = "";
}

/// <summary>What a role allows. Rules only add up; there is no rule that denies.</summary>
public sealed record PolicyRule
{
    /// <summary>Verbs; <c>*</c> for all.</summary>
    public IReadOnlyList<string> Verbs { get; init => field = value ?? []; } = [];

    /// <summary>API groups; empty string for the core group, <c>*</c> for all.</summary>
    public IReadOnlyList<string> ApiGroups { get; init => field = value ?? []; } = [];

    /// <summary>Resources, with subresources as <c>pods/exec</c>; <c>*</c> for all.</summary>
    public IReadOnlyList<string> Resources { get; init => field = value ?? []; } = [];

    /// <summary>Names that the rule is limited to; empty means every name.</summary>
    public IReadOnlyList<string> ResourceNames { get; init => field = value ?? []; } = [];

    /// <summary>Paths outside the resource API.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("nonResourceURLs")]
    public IReadOnlyList<string> NonResourceUrls { get; init => field = value ?? []; } = [];
}

/// <summary>From which other ClusterRoles a ClusterRole takes its rules; kube-controller-manager fills them in.</summary>
public sealed record AggregationRule
{
    /// <summary>Selectors over ClusterRoles; the rules of every match are taken.</summary>
    public IReadOnlyList<LabelSelector> ClusterRoleSelectors { get; init => field = value ?? []; } = [];
}

/// <summary>Rules within one namespace.</summary>
public sealed record Role : IKubeResource<Role>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? Rbac.ApiVersion; } = Rbac.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "Role"; } = "Role";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The rules.</summary>
    public IReadOnlyList<PolicyRule> Rules { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(Rbac.Group, "v1", "Role", "roles", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<Role> Json { get; } = KubeJson.Of<Role>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<Role>> ListJson { get; } = KubeJson.Of<KubeList<Role>>();

    /// <inheritdoc/>
    public Role WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Rules that can be bound in one namespace or for the whole cluster.</summary>
public sealed record ClusterRole : IKubeResource<ClusterRole>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? Rbac.ApiVersion; } = Rbac.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "ClusterRole"; } = "ClusterRole";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The rules; of an aggregated role, as the controller manager has filled them in.</summary>
    public IReadOnlyList<PolicyRule> Rules { get; init => field = value ?? []; } = [];

    /// <summary>Where the rules come from, if they are aggregated.</summary>
    public AggregationRule? AggregationRule { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(Rbac.Group, "v1", "ClusterRole", "clusterroles", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ClusterRole> Json { get; } = KubeJson.Of<ClusterRole>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<ClusterRole>> ListJson { get; } = KubeJson.Of<KubeList<ClusterRole>>();

    /// <inheritdoc/>
    public ClusterRole WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Gives a role to subjects within one namespace.</summary>
public sealed record RoleBinding : IKubeResource<RoleBinding>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? Rbac.ApiVersion; } = Rbac.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "RoleBinding"; } = "RoleBinding";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The role; immutable.</summary>
    public RoleRef RoleRef { get; init => field = value ?? new(); } = new();

    /// <summary>Who gets it.</summary>
    public IReadOnlyList<Subject> Subjects { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(Rbac.Group, "v1", "RoleBinding", "rolebindings", Namespaced: true);

    /// <inheritdoc/>
    public static JsonTypeInfo<RoleBinding> Json { get; } = KubeJson.Of<RoleBinding>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<RoleBinding>> ListJson { get; } = KubeJson.Of<KubeList<RoleBinding>>();

    /// <inheritdoc/>
    public RoleBinding WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>Gives a ClusterRole to subjects in the whole cluster.</summary>
public sealed record ClusterRoleBinding : IKubeResource<ClusterRoleBinding>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? Rbac.ApiVersion; } = Rbac.ApiVersion;

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "ClusterRoleBinding"; } = "ClusterRoleBinding";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The role; immutable.</summary>
    public RoleRef RoleRef { get; init => field = value ?? new(); } = new();

    /// <summary>Who gets it.</summary>
    public IReadOnlyList<Subject> Subjects { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new(Rbac.Group, "v1", "ClusterRoleBinding", "clusterrolebindings", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ClusterRoleBinding> Json { get; } = KubeJson.Of<ClusterRoleBinding>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<ClusterRoleBinding>> ListJson { get; } = KubeJson.Of<KubeList<ClusterRoleBinding>>();

    /// <inheritdoc/>
    public ClusterRoleBinding WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}
