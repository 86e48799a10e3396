using k8s;
using k8s.Models;
using Kube.Client;

namespace TestKit;

/// <summary>What a test says directly to the server's state, in the package's models; see the methods of the same name of <see cref="FakeApiServer"/>.</summary>
public static class FakeApiServerModels
{
    /// <inheritdoc cref="FakeApiServer.Put{T}(T)"/>
    public static T Put<T>(this FakeApiServer server, T obj)
        where T : class, IKubernetesObject<V1ObjectMeta> => server.Put(KubeModels.ResourceOf<T>(), KubeModels.Json<T>(), obj);

    /// <inheritdoc cref="FakeApiServer.Get{T}(string, string)"/>
    public static T? Get<T>(this FakeApiServer server, string name, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => server.Get(KubeModels.ResourceOf<T>(), KubeModels.Json<T>(), name, ns);

    /// <inheritdoc cref="FakeApiServer.List{T}(string)"/>
    public static IReadOnlyList<T> List<T>(this FakeApiServer server, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => server.List(KubeModels.ResourceOf<T>(), KubeModels.Json<T>(), ns);

    /// <inheritdoc cref="FakeApiServer.Modify{T}(string, string, Func{T, T})"/>
    public static T Modify<T>(this FakeApiServer server, string name, string? ns, Func<T, T> change)
        where T : class, IKubernetesObject<V1ObjectMeta> => server.Modify(KubeModels.ResourceOf<T>(), KubeModels.Json<T>(), name, ns, change);

    /// <inheritdoc cref="FakeApiServer.Remove{T}(string, string)"/>
    public static void Remove<T>(this FakeApiServer server, string name, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> => server.Remove(KubeModels.ResourceOf<T>(), name, ns);
}
