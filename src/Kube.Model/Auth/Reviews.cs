using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>What a review asks about: a resource request.</summary>
public sealed record ResourceAttributes
{
    /// <summary>Namespace; empty for all namespaces and for cluster-scoped resources.</summary>
    public string? Namespace { get; init; }

    /// <summary>Verb, e.g. <c>get</c>.</summary>
    public string? Verb { get; init; }

    /// <summary>API group; empty for the core group.</summary>
    public string? Group { get; init; }

    /// <summary>Version; <c>*</c> or empty for any.</summary>
    public string? Version { get; init; }

    /// <summary>Resource, plural.</summary>
    public string? Resource { get; init; }

    /// <summary>Subresource.</summary>
    public string? Subresource { get; init; }

    /// <summary>Name of one object; empty for any.</summary>
    public string? Name { get; init; }
}

/// <summary>What a review asks about: a request outside the resource API.</summary>
public sealed record NonResourceAttributes
{
    /// <summary>The URL path.</summary>
    public string? Path { get; init; }

    /// <summary>The HTTP verb, lower case.</summary>
    public string? Verb { get; init; }
}

/// <summary>The answer to an access review.</summary>
public sealed record SubjectAccessReviewStatus
{
    /// <summary>Whether an authorizer allows it.</summary>
    public bool Allowed { get; init; }

    /// <summary>Whether an authorizer denies it outright.</summary>
    public bool? Denied { get; init; }

    /// <summary>Why; the RBAC authorizer names the binding that allows.</summary>
    public string? Reason { get; init; }

    /// <summary>What went wrong while evaluating, e.g. a role that does not exist.</summary>
    public string? EvaluationError { get; init; }
}

/// <summary>Asks whether somebody may do something (authorization.k8s.io/v1).</summary>
public sealed record SubjectAccessReview : IKubeResource<SubjectAccessReview>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "authorization.k8s.io/v1"; } = "authorization.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "SubjectAccessReview"; } = "SubjectAccessReview";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The question.</summary>
    public SubjectAccessReviewSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>The answer.</summary>
    public SubjectAccessReviewStatus? Status { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } =
        new("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<SubjectAccessReview> Json { get; } = KubeJson.Of<SubjectAccessReview>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<SubjectAccessReview>> ListJson { get; } = KubeJson.Of<KubeList<SubjectAccessReview>>();

    /// <inheritdoc/>
    public SubjectAccessReview WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>The question of a <see cref="SubjectAccessReview"/>.</summary>
public sealed record SubjectAccessReviewSpec
{
    /// <summary>User name.</summary>
    public string? User { get; init; }

    /// <summary>Groups; the server adds none by itself.</summary>
    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    /// <summary>User's UID.</summary>
    public string? Uid { get; init; }

    /// <summary>Whatever else the authenticator said of the user; authorizers other than RBAC may go by it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    /// <summary>A resource request.</summary>
    public ResourceAttributes? ResourceAttributes { get; init; }

    /// <summary>A request outside the resource API.</summary>
    public NonResourceAttributes? NonResourceAttributes { get; init; }
}

/// <summary>Asks whether the caller may do something (authorization.k8s.io/v1).</summary>
public sealed record SelfSubjectAccessReview : IKubeResource<SelfSubjectAccessReview>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "authorization.k8s.io/v1"; } = "authorization.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "SelfSubjectAccessReview"; } = "SelfSubjectAccessReview";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The question.</summary>
    public SelfSubjectAccessReviewSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>The answer.</summary>
    public SubjectAccessReviewStatus? Status { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } =
        new("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<SelfSubjectAccessReview> Json { get; } = KubeJson.Of<SelfSubjectAccessReview>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<SelfSubjectAccessReview>> ListJson { get; } = KubeJson.Of<KubeList<SelfSubjectAccessReview>>();

    /// <inheritdoc/>
    public SelfSubjectAccessReview WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>The question of a <see cref="SelfSubjectAccessReview"/>.</summary>
public sealed record SelfSubjectAccessReviewSpec
{
    /// <summary>A resource request.</summary>
    public ResourceAttributes? ResourceAttributes { get; init; }

    /// <summary>A request outside the resource API.</summary>
    public NonResourceAttributes? NonResourceAttributes { get; init; }
}

/// <summary>Asks whose a bearer token is (authentication.k8s.io/v1). Its text form never shows the token.</summary>
public sealed record TokenReview : IKubeResource<TokenReview>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "authentication.k8s.io/v1"; } = "authentication.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? "TokenReview"; } = "TokenReview";

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>The question.</summary>
    public TokenReviewSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>The answer.</summary>
    public TokenReviewStatus? Status { get; init; }

    /// <inheritdoc/>
    public static ResourceType Resource { get; } = new("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<TokenReview> Json { get; } = KubeJson.Of<TokenReview>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<TokenReview>> ListJson { get; } = KubeJson.Of<KubeList<TokenReview>>();

    /// <inheritdoc/>
    public TokenReview WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>The question of a <see cref="TokenReview"/>.</summary>
public sealed record TokenReviewSpec
{
    /// <summary>The bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>Audiences that the token must be good for; empty for the API server's own.</summary>
    public IReadOnlyList<string> Audiences { get; init => field = value ?? []; } = [];

    /// <inheritdoc/>
    public override string ToString() => "TokenReviewSpec { Token = *** }";
}

/// <summary>The answer of a <see cref="TokenReview"/>.</summary>
public sealed record TokenReviewStatus
{
    /// <summary>Whether the token stands for somebody now.</summary>
    public bool? Authenticated { get; init; }

    /// <summary>Whom it stands for.</summary>
    public UserInfo? User { get; init; }

    /// <summary>Why it was refused.</summary>
    public string? Error { get; init; }
}

/// <summary>An authenticated caller (authentication.k8s.io/v1 UserInfo).</summary>
public sealed record UserInfo
{
    /// <summary>Name, unique among the active users.</summary>
    public string? Username { get; init; }

    /// <summary>Unique over time.</summary>
    public string? Uid { get; init; }

    /// <summary>Groups.</summary>
    public IReadOnlyList<string> Groups { get; init => field = value ?? []; } = [];

    /// <summary>Whatever else the authenticator said.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }
}

/// <summary>Asks for a token of a ServiceAccount (authentication.k8s.io/v1). Its text form never shows the token.</summary>
public sealed record TokenRequest
{
    /// <summary>Group and version.</summary>
    public string ApiVersion { get; init => field = value ?? "authentication.k8s.io/v1"; } = "authentication.k8s.io/v1";

    /// <summary>Kind.</summary>
    public string Kind { get; init => field = value ?? "TokenRequest"; } = "TokenRequest";

    /// <summary>The question.</summary>
    public TokenRequestSpec Spec { get; init => field = value ?? new(); } = new();

    /// <summary>The answer.</summary>
    public TokenRequestStatus? Status { get; init; }

    /// <summary>The JSON contract.</summary>
    public static JsonTypeInfo<TokenRequest> Json { get; } = KubeJson.Of<TokenRequest>();
}

/// <summary>The question of a <see cref="TokenRequest"/>.</summary>
public sealed record TokenRequestSpec
{
    /// <summary>Who must accept the token; empty for the API server itself.</summary>
    public IReadOnlyList<string> Audiences { get; init => field = value ?? []; } = [];

    /// <summary>Wished life in seconds; the server refuses less than 600 and may give less than asked for.</summary>
    public long? ExpirationSeconds { get; init; }

    /// <summary>The token dies with this object (a Pod or a Secret in the ServiceAccount's namespace).</summary>
    public BoundObjectReference? BoundObjectRef { get; init; }
}

/// <summary>The object that a token is bound to.</summary>
public sealed record BoundObjectReference
{
    /// <summary><c>Pod</c> or <c>Secret</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>Group and version.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Name.</summary>
    public string? Name { get; init; }

    /// <summary>UID.</summary>
    public string? Uid { get; init; }
}

/// <summary>The answer of a <see cref="TokenRequest"/>.</summary>
public sealed record TokenRequestStatus
{
    /// <summary>The token.</summary>
    public string Token { get; init => field = value ?? ""; } = "";

    /// <summary>When it ends.</summary>
    public DateTimeOffset? ExpirationTimestamp { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"TokenRequestStatus {{ Token = ***, ExpirationTimestamp = {ExpirationTimestamp:O} }}";
}
