using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>A rule that the API server itself asks of writes (admissionregistration.k8s.io/v1, from Kubernetes 1.30 on). Only that it is there is read.</summary>
public sealed record ValidatingAdmissionPolicy : IKubeResource<ValidatingAdmissionPolicy>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "admissionregistration.k8s.io/v1"; } = "admissionregistration.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(ValidatingAdmissionPolicy); } = nameof(ValidatingAdmissionPolicy);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } =
        new("admissionregistration.k8s.io", "v1", nameof(ValidatingAdmissionPolicy), "validatingadmissionpolicies", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ValidatingAdmissionPolicy> Json { get; } = KubeJson.Of<ValidatingAdmissionPolicy>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<ValidatingAdmissionPolicy>> ListJson { get; } = KubeJson.Of<KubeList<ValidatingAdmissionPolicy>>();

    /// <inheritdoc/>
    public ValidatingAdmissionPolicy WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}

/// <summary>What puts a <see cref="ValidatingAdmissionPolicy"/> into force. Only that it is there is read.</summary>
public sealed record ValidatingAdmissionPolicyBinding : IKubeResource<ValidatingAdmissionPolicyBinding>
{
    /// <inheritdoc/>
    public string ApiVersion { get; init => field = value ?? "admissionregistration.k8s.io/v1"; } = "admissionregistration.k8s.io/v1";

    /// <inheritdoc/>
    public string Kind { get; init => field = value ?? nameof(ValidatingAdmissionPolicyBinding); } = nameof(ValidatingAdmissionPolicyBinding);

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <inheritdoc/>
    public static ResourceType Resource { get; } =
        new("admissionregistration.k8s.io", "v1", nameof(ValidatingAdmissionPolicyBinding), "validatingadmissionpolicybindings", Namespaced: false);

    /// <inheritdoc/>
    public static JsonTypeInfo<ValidatingAdmissionPolicyBinding> Json { get; } = KubeJson.Of<ValidatingAdmissionPolicyBinding>();

    /// <inheritdoc/>
    public static JsonTypeInfo<KubeList<ValidatingAdmissionPolicyBinding>> ListJson { get; } = KubeJson.Of<KubeList<ValidatingAdmissionPolicyBinding>>();

    /// <inheritdoc/>
    public ValidatingAdmissionPolicyBinding WithMetadata(ObjectMeta metadata) => this with { Metadata = metadata };
}
