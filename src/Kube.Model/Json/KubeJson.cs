using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>The JSON contracts of all Kubernetes wire types used here, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(SecondsConverter)])]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(Namespace)), JsonSerializable(typeof(KubeList<Namespace>))]
[JsonSerializable(typeof(ServiceAccount)), JsonSerializable(typeof(KubeList<ServiceAccount>))]
[JsonSerializable(typeof(Secret)), JsonSerializable(typeof(KubeList<Secret>))]
[JsonSerializable(typeof(SecretMetadata)), JsonSerializable(typeof(KubeList<SecretMetadata>))]
[JsonSerializable(typeof(Endpoints)), JsonSerializable(typeof(KubeList<Endpoints>))]
[JsonSerializable(typeof(Role)), JsonSerializable(typeof(KubeList<Role>))]
[JsonSerializable(typeof(ClusterRole)), JsonSerializable(typeof(KubeList<ClusterRole>))]
[JsonSerializable(typeof(RoleBinding)), JsonSerializable(typeof(KubeList<RoleBinding>))]
[JsonSerializable(typeof(ClusterRoleBinding)), JsonSerializable(typeof(KubeList<ClusterRoleBinding>))]
[JsonSerializable(typeof(SubjectAccessReview)), JsonSerializable(typeof(KubeList<SubjectAccessReview>))]
[JsonSerializable(typeof(SelfSubjectAccessReview)), JsonSerializable(typeof(KubeList<SelfSubjectAccessReview>))]
[JsonSerializable(typeof(TokenReview)), JsonSerializable(typeof(KubeList<TokenReview>))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(Lease)), JsonSerializable(typeof(KubeList<Lease>))]
[JsonSerializable(typeof(Event)), JsonSerializable(typeof(KubeList<Event>))]
[JsonSerializable(typeof(AdmissionReview))]
[JsonSerializable(typeof(MutatingWebhookConfiguration)), JsonSerializable(typeof(KubeList<MutatingWebhookConfiguration>))]
[JsonSerializable(typeof(ValidatingWebhookConfiguration)), JsonSerializable(typeof(KubeList<ValidatingWebhookConfiguration>))]
[JsonSerializable(typeof(ValidatingAdmissionPolicy)), JsonSerializable(typeof(KubeList<ValidatingAdmissionPolicy>))]
[JsonSerializable(typeof(ValidatingAdmissionPolicyBinding)), JsonSerializable(typeof(KubeList<ValidatingAdmissionPolicyBinding>))]
internal sealed partial class KubeJsonContext : JsonSerializerContext;

/// <summary>Gives the contracts with the habits of the Kubernetes API: camelCase, nulls and empty collections left out.</summary>
public static class KubeJson
{
    private static readonly JsonSerializerOptions Options = WithKubernetesHabits(KubeJsonContext.Default);
    private static readonly JsonSerializerOptions StrictOptions = new(Options) { AllowDuplicateProperties = false };

    /// <summary>The contract of one of the types of this assembly.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    /// <summary>The same, for what anybody may send: a member that is there twice is an error, since two readers could see two things.</summary>
    public static JsonTypeInfo<T> Strict<T>() => (JsonTypeInfo<T>)StrictOptions.GetTypeInfo(typeof(T));

    /// <summary>Whether two objects are written as the same: records that hold lists are not equal by value.</summary>
    public static bool Same<T>(T a, T b)
        where T : class, IKubeResource<T> => JsonSerializer.SerializeToUtf8Bytes(a, T.Json).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, T.Json));

    /// <summary>
    /// Options over a context with the same habits. Go's <c>omitempty</c> leaves out empty maps and lists, and a patch that
    /// names an empty list would claim a field it has no opinion on.
    /// </summary>
    /// <param name="context">The contracts.</param>
    /// <param name="more">Applied to each contract first.</param>
    public static JsonSerializerOptions WithKubernetesHabits(JsonSerializerContext context, Action<JsonTypeInfo>? more = null)
    {
        var resolver = more is null ? context : ((IJsonTypeInfoResolver)context).WithAddedModifier(more);
        var options = new JsonSerializerOptions(context.Options) { TypeInfoResolver = resolver.WithAddedModifier(LeaveOutEmptyCollections) };
        options.Converters.Add(new PooledStringConverter());
        options.MakeReadOnly();
        return options;
    }

    private static void LeaveOutEmptyCollections(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.PropertyType == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(property.PropertyType)) continue;
            property.ShouldSerialize = static (_, value) => value switch
            {
                null => false,
                ICollection collection => collection.Count > 0,
                IEnumerable sequence => sequence.GetEnumerator().MoveNext(),
                _ => true,
            };
        }
    }
}
