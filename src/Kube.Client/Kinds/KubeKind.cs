namespace Kube.Client;

/// <summary>A kind by its place in the API.</summary>
/// <param name="Resource">Where it lives.</param>
public record KubeKind(ResourceType Resource);

/// <summary>What the client needs to know of a kind to read and write it.</summary>
/// <param name="Resource">Where it lives in the API.</param>
/// <param name="Json">Its JSON contract.</param>
public sealed record KubeKind<T>(ResourceType Resource, JsonTypeInfo<T> Json) : KubeKind(Resource)
    where T : class, IKubernetesObject<V1ObjectMeta>;
