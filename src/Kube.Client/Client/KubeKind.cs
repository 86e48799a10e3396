using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;
using Kube.Model;

namespace Kube.Client;

/// <summary>What the client needs to know of a kind to read and write it.</summary>
/// <param name="Resource">Where it lives in the API.</param>
/// <param name="Json">Its JSON contract.</param>
internal readonly record struct KubeKind<T>(ResourceType Resource, JsonTypeInfo<T> Json)
    where T : class;

/// <summary>Makes them.</summary>
internal static class KubeKind
{
    /// <summary>Of a kind that says it itself.</summary>
    public static KubeKind<T> Ours<T>()
        where T : class, IKubeResource<T> => new(T.Resource, T.Json);

    /// <summary>Of one of the package's models.</summary>
    public static KubeKind<T> Model<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> => new(KubeModels.ResourceOf<T>(), KubeModels.Json<T>());
}
