using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Kube.Model;

namespace Kube.Client;

/// <summary>The verbs of <see cref="KubeClient"/> over the package's models. They do what those of the same name do.</summary>
public static class ModelVerbs
{
    /// <inheritdoc cref="KubeClient.GetAsync{T}(string, string, CancellationToken)"/>
    public static Task<T> GetAsync<T>(this KubeClient client, string name, string? ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.GetAsync(KubeKind.Model<T>(), name, ns, cancellationToken);

    /// <inheritdoc cref="KubeClient.TryGetAsync{T}(string, string, CancellationToken)"/>
    public static Task<T?> TryGetAsync<T>(this KubeClient client, string name, string? ns, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.TryGetAsync(KubeKind.Model<T>(), name, ns, cancellationToken);

    /// <inheritdoc cref="KubeClient.ListAsync{T}(ListQuery, CancellationToken)"/>
    public static Task<KubeList<T>> ListAsync<T>(this KubeClient client, ListQuery query, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.ListAsync(KubeKind.Model<T>(), query, shed: null, cancellationToken);

    /// <inheritdoc cref="KubeClient.CreateAsync{T}(T, CancellationToken)"/>
    public static Task<T> CreateAsync<T>(this KubeClient client, T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.CreateAsync(KubeKind.Model<T>(), obj, obj.Key, cancellationToken);

    /// <inheritdoc cref="KubeClient.ReplaceAsync{T}(T, CancellationToken)"/>
    public static Task<T> ReplaceAsync<T>(this KubeClient client, T obj, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.ReplaceAsync(KubeKind.Model<T>(), obj, obj.Key, cancellationToken);

    /// <inheritdoc cref="KubeClient.MergePatchAsync{T}(string, string, JsonObject, CancellationToken)"/>
    public static Task<T> MergePatchAsync<T>(this KubeClient client, string name, string? ns, JsonObject patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.MergePatchAsync(KubeKind.Model<T>(), name, ns, patch, cancellationToken);

    /// <inheritdoc cref="KubeClient.JsonPatchAsync{T}(string, string, JsonArray, CancellationToken)"/>
    public static Task<T> JsonPatchAsync<T>(this KubeClient client, string name, string? ns, JsonArray patch, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.JsonPatchAsync(KubeKind.Model<T>(), name, ns, patch, cancellationToken);
}
