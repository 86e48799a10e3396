using System.Text.Json.Serialization.Metadata;

namespace Kube.Runtime;

/// <summary>What the API server asks a webhook, and what the webhook answers (admission.k8s.io/v1).</summary>
public sealed record AdmissionReview
{
    /// <summary>The only version spoken here.</summary>
    public const string V1 = "admission.k8s.io/v1";

    /// <summary>Group and version; what the sender wrote, or null.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Always AdmissionReview.</summary>
    public string? Kind { get; init; }

    /// <summary>The question.</summary>
    public AdmissionRequest? Request { get; init; }

    /// <summary>The answer.</summary>
    public AdmissionResponse? Response { get; init; }

    /// <summary>The JSON contract. Anybody may send a review, so a member that is there twice is an error: two readers could see two things.</summary>
    public static JsonTypeInfo<AdmissionReview> Json { get; } =
        (JsonTypeInfo<AdmissionReview>)new JsonSerializerOptions(KubeJson.WithKubernetesHabits(AdmissionJson.Default))
        {
            AllowDuplicateProperties = false,
        }.GetTypeInfo(typeof(AdmissionReview));

    /// <summary>An answer as it goes over the wire.</summary>
    public static AdmissionReview Of(AdmissionResponse response) => new() { ApiVersion = V1, Kind = nameof(AdmissionReview), Response = response };
}
