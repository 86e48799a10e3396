using System.Text.Json;
using k8s;
using k8s.Models;
using Kube.Client;

namespace TestKit.Builders;

/// <summary>Copies of objects whose kind is a type parameter, for which the language has no <c>with</c>.</summary>
public static class Copies
{
    /// <summary>A copy with other metadata.</summary>
    public static T WithMetadata<T>(this T o, V1ObjectMeta metadata)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var json = KubeKinds.Of<T>().Json;
        var copy = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(o, json), json)!;
        copy.Metadata = metadata;
        return copy;
    }
}
