using System.Text.Json.Serialization;
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

/// <summary>A write that the API server is about to do, and who asked for it. Objects are raw: the webhook knows their kinds.</summary>
public sealed record AdmissionRequest
{
    /// <summary>Names this question; the answer repeats it.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>The kind of the object, as the webhook's rules name it.</summary>
    public GroupVersionKind? Kind { get; init; }

    /// <summary>The resource, as the webhook's rules name it.</summary>
    public GroupVersionResource? Resource { get; init; }

    /// <summary>The subresource, e.g. <c>status</c>; null for the object itself.</summary>
    public string? SubResource { get; init; }

    /// <summary>The object's name; empty if a create leaves it to the server (generateName) or a delete is of a whole collection.</summary>
    public string? Name { get; init; }

    /// <summary>The namespace; null for cluster-scoped kinds.</summary>
    public string? Namespace { get; init; }

    /// <summary>CREATE, UPDATE, DELETE or CONNECT.</summary>
    public string? Operation { get; init; }

    /// <summary>Who asks, as the API server authenticated (or impersonated) them.</summary>
    public V1UserInfo? UserInfo { get; init; }

    /// <summary>The object as it would be stored; null for DELETE.</summary>
    public JsonElement? Object { get; init; }

    /// <summary>The object as it is stored; null for CREATE and CONNECT.</summary>
    public JsonElement? OldObject { get; init; }

    /// <summary>Nothing will be stored, whatever the answer: no side effects.</summary>
    public bool? DryRun { get; init; }
}

/// <summary>The answer to an <see cref="AdmissionRequest"/>.</summary>
public sealed record AdmissionResponse
{
    /// <summary>The question's.</summary>
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>Whether the write may happen.</summary>
    public bool Allowed { get; init; }

    /// <summary>Why not: the message is what the caller sees.</summary>
    public Status? Status { get; init; }

    /// <summary>A JSON patch (RFC 6902) as UTF-8; base64 on the wire.</summary>
    public byte[]? Patch { get; init; }

    /// <summary><c>JSONPatch</c> if there is a patch.</summary>
    public string? PatchType { get; init; }

    /// <summary>Shown to the caller, who may go on.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value ?? []; } = [];
}

/// <summary>A kind by group and version (meta/v1 GroupVersionKind).</summary>
public sealed record GroupVersionKind
{
    /// <summary>Group; empty for the core group.</summary>
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary>Version.</summary>
    public string Version { get; init => field = value ?? ""; } = "";

    /// <summary>Kind.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";
}

/// <summary>A resource by group and version (meta/v1 GroupVersionResource).</summary>
public sealed record GroupVersionResource
{
    /// <summary>Group; empty for the core group.</summary>
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary>Version.</summary>
    public string Version { get; init => field = value ?? ""; } = "";

    /// <summary>Plural name.</summary>
    public string Resource { get; init => field = value ?? ""; } = "";
}

/// <summary>The JSON contract of a review, before the habits of the API.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AdmissionReview))]
internal sealed partial class AdmissionJson : JsonSerializerContext;
