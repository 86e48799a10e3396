namespace Kube.Client;

/// <summary>
/// The package's models that this product reads or writes: where each of them lives in the API, and its JSON contract. The package has group, version and
/// plural in constants and attributes, which cannot be reached from a type parameter without reflection, and no plural for kinds that are only created.
/// </summary>
public static class KubeModels
{
    /// <summary>Where the kinds live. <see cref="KubeKinds"/> begins with these.</summary>
    internal static IReadOnlyDictionary<Type, ResourceType> Resources { get; } = new Dictionary<Type, ResourceType>
    {
        [typeof(V1Namespace)] = new(V1Namespace.KubeGroup, V1Namespace.KubeApiVersion, V1Namespace.KubeKind, V1Namespace.KubePluralName, Namespaced: false),
        [typeof(V1ServiceAccount)] = new(
            V1ServiceAccount.KubeGroup, V1ServiceAccount.KubeApiVersion, V1ServiceAccount.KubeKind, V1ServiceAccount.KubePluralName, Namespaced: true),
        [typeof(V1Secret)] = new(V1Secret.KubeGroup, V1Secret.KubeApiVersion, V1Secret.KubeKind, V1Secret.KubePluralName, Namespaced: true),
        [typeof(V1Endpoints)] = new(V1Endpoints.KubeGroup, V1Endpoints.KubeApiVersion, V1Endpoints.KubeKind, V1Endpoints.KubePluralName, Namespaced: true),
        [typeof(V1Role)] = new(V1Role.KubeGroup, V1Role.KubeApiVersion, V1Role.KubeKind, V1Role.KubePluralName, Namespaced: true),
        [typeof(V1ClusterRole)] = new(
            V1ClusterRole.KubeGroup, V1ClusterRole.KubeApiVersion, V1ClusterRole.KubeKind, V1ClusterRole.KubePluralName, Namespaced: false),
        [typeof(V1RoleBinding)] = new(
            V1RoleBinding.KubeGroup, V1RoleBinding.KubeApiVersion, V1RoleBinding.KubeKind, V1RoleBinding.KubePluralName, Namespaced: true),
        [typeof(V1ClusterRoleBinding)] = new(
            V1ClusterRoleBinding.KubeGroup, V1ClusterRoleBinding.KubeApiVersion, V1ClusterRoleBinding.KubeKind,
            V1ClusterRoleBinding.KubePluralName, Namespaced: false),
        [typeof(V1SubjectAccessReview)] = new(
            V1SubjectAccessReview.KubeGroup, V1SubjectAccessReview.KubeApiVersion, V1SubjectAccessReview.KubeKind, "subjectaccessreviews", Namespaced: false),
        [typeof(V1SelfSubjectAccessReview)] = new(
            V1SelfSubjectAccessReview.KubeGroup, V1SelfSubjectAccessReview.KubeApiVersion, V1SelfSubjectAccessReview.KubeKind,
            "selfsubjectaccessreviews", Namespaced: false),
        [typeof(V1Lease)] = new(V1Lease.KubeGroup, V1Lease.KubeApiVersion, V1Lease.KubeKind, V1Lease.KubePluralName, Namespaced: true),
        [typeof(Eventsv1Event)] = new(
            Eventsv1Event.KubeGroup, Eventsv1Event.KubeApiVersion, Eventsv1Event.KubeKind, Eventsv1Event.KubePluralName, Namespaced: true),
        [typeof(V1MutatingWebhookConfiguration)] = new(
            V1MutatingWebhookConfiguration.KubeGroup, V1MutatingWebhookConfiguration.KubeApiVersion, V1MutatingWebhookConfiguration.KubeKind,
            V1MutatingWebhookConfiguration.KubePluralName, Namespaced: false),
        [typeof(V1ValidatingWebhookConfiguration)] = new(
            V1ValidatingWebhookConfiguration.KubeGroup, V1ValidatingWebhookConfiguration.KubeApiVersion, V1ValidatingWebhookConfiguration.KubeKind,
            V1ValidatingWebhookConfiguration.KubePluralName, Namespaced: false),
        [typeof(V1ValidatingAdmissionPolicy)] = new(
            V1ValidatingAdmissionPolicy.KubeGroup, V1ValidatingAdmissionPolicy.KubeApiVersion, V1ValidatingAdmissionPolicy.KubeKind,
            V1ValidatingAdmissionPolicy.KubePluralName, Namespaced: false),
        [typeof(V1ValidatingAdmissionPolicyBinding)] = new(
            V1ValidatingAdmissionPolicyBinding.KubeGroup, V1ValidatingAdmissionPolicyBinding.KubeApiVersion, V1ValidatingAdmissionPolicyBinding.KubeKind,
            V1ValidatingAdmissionPolicyBinding.KubePluralName, Namespaced: false),
        [typeof(TokenReview)] = new(V1TokenReview.KubeGroup, V1TokenReview.KubeApiVersion, V1TokenReview.KubeKind, "tokenreviews", Namespaced: false),
        [typeof(TokenRequest)] = new(
            Authenticationv1TokenRequest.KubeGroup, Authenticationv1TokenRequest.KubeApiVersion, Authenticationv1TokenRequest.KubeKind,
            "tokenrequests", Namespaced: true),
        [typeof(SecretMetadata)] = new(
            V1Secret.KubeGroup, V1Secret.KubeApiVersion, V1Secret.KubeKind, V1Secret.KubePluralName, Namespaced: true, MetadataOnly: true),
    };

    private static readonly JsonSerializerOptions Options = KubeJson.WithKubernetesHabits(ModelsContext.Default);

    /// <summary>The JSON contract of one of the models, or of a part of one.</summary>
    /// <exception cref="NotSupportedException">This product has no use of it, so it has no contract.</exception>
    public static JsonTypeInfo<T> Json<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));
}
