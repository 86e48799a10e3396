using System.Text.Json.Serialization;

namespace Kube.Runtime;

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

    /// <summary>How long the API server waits for the answer; null if no endpoint read the request. The review has no say in it.</summary>
    [JsonIgnore]
    public AdmissionWait? Wait { get; init; }
}
