using System.Text.Json.Serialization;

namespace BreakGlass.Cli.Policies;

/// <summary>Asks who the caller is (authentication.k8s.io/v1).</summary>
internal sealed record SelfSubjectReview : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set => field = value ?? "authentication.k8s.io/v1"; } = "authentication.k8s.io/v1";

    public string Kind { get; set => field = value ?? nameof(SelfSubjectReview); } = nameof(SelfSubjectReview);

    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    public SelfSubjectReviewStatus? Status { get; init; }
}

internal sealed record SelfSubjectReviewBeta : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set => field = value ?? "authentication.k8s.io/v1beta1"; } = "authentication.k8s.io/v1beta1";

    public string Kind { get; set => field = value ?? nameof(SelfSubjectReview); } = nameof(SelfSubjectReview);

    public V1ObjectMeta Metadata { get; set => field = value ?? new() { Name = "" }; } = new() { Name = "" };

    public SelfSubjectReviewStatus? Status { get; init; }
}

internal sealed record SelfSubjectReviewStatus(Caller? UserInfo);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SelfSubjectReview))]
[JsonSerializable(typeof(SelfSubjectReviewBeta))]
internal sealed partial class WhoamiContext : JsonSerializerContext;
