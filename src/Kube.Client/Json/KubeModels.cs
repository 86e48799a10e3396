namespace Kube.Client;

/// <summary>
/// The package's models that this product reads or writes: where each of them lives in the API, and its JSON contract. The package has
/// their place in attributes, which cannot be reached from a type parameter without reflection; a test compares the two.
/// </summary>
public static class KubeModels
{
    private const string Admission = "admissionregistration.k8s.io";
    private const string Rbac = "rbac.authorization.k8s.io";

    /// <summary>Where the kinds live. <see cref="KubeKinds"/> begins with these.</summary>
    internal static IReadOnlyDictionary<Type, ResourceType> Resources { get; } = new Dictionary<Type, ResourceType>
    {
        [typeof(V1Namespace)] = new("", "v1", "Namespace", "namespaces", Namespaced: false),
        [typeof(V1ServiceAccount)] = new("", "v1", "ServiceAccount", "serviceaccounts", Namespaced: true),
        [typeof(V1Secret)] = new("", "v1", "Secret", "secrets", Namespaced: true),
        [typeof(V1ConfigMap)] = new("", "v1", "ConfigMap", "configmaps", Namespaced: true),
        [typeof(V1Endpoints)] = new("", "v1", "Endpoints", "endpoints", Namespaced: true),
        [typeof(V1Role)] = new(Rbac, "v1", "Role", "roles", Namespaced: true),
        [typeof(V1ClusterRole)] = new(Rbac, "v1", "ClusterRole", "clusterroles", Namespaced: false),
        [typeof(V1RoleBinding)] = new(Rbac, "v1", "RoleBinding", "rolebindings", Namespaced: true),
        [typeof(V1ClusterRoleBinding)] = new(Rbac, "v1", "ClusterRoleBinding", "clusterrolebindings", Namespaced: false),
        [typeof(V1SubjectAccessReview)] = new("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", Namespaced: false),
        [typeof(V1SelfSubjectAccessReview)] = new("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", Namespaced: false),
        [typeof(V1Lease)] = new("coordination.k8s.io", "v1", "Lease", "leases", Namespaced: true),
        [typeof(Eventsv1Event)] = new("events.k8s.io", "v1", "Event", "events", Namespaced: true),
        [typeof(V1MutatingWebhookConfiguration)] = new(Admission, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", Namespaced: false),
        [typeof(V1ValidatingWebhookConfiguration)] = new(
            Admission, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", Namespaced: false),
        [typeof(V1ValidatingAdmissionPolicy)] = new(Admission, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", Namespaced: false),
        [typeof(V1ValidatingAdmissionPolicyBinding)] = new(
            Admission, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", Namespaced: false),
        [typeof(V1CertificateSigningRequest)] = new(
            "certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", Namespaced: false),
        [typeof(TokenReview)] = new("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", Namespaced: false),
        [typeof(TokenRequest)] = new("authentication.k8s.io", "v1", "TokenRequest", "tokenrequests", Namespaced: true),
        [typeof(SecretMetadata)] = new("", "v1", "Secret", "secrets", Namespaced: true, MetadataOnly: true),
    };

    private static readonly JsonSerializerOptions Options = KubeJson.WithKubernetesHabits(ModelsContext.Default);

    /// <summary>The JSON contract of one of the models, or of a part of one.</summary>
    /// <exception cref="NotSupportedException">This product has no use of it, so it has no contract.</exception>
    public static JsonTypeInfo<T> Json<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}
