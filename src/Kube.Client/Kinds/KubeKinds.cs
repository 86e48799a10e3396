using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Kube.Client;

/// <summary>
/// Finds what the client needs to know of a kind. The package's models are known; an assembly with kinds of its own registers them in a module initializer. The package has
/// the place of a kind in attributes, but not its JSON contract, and neither can be asked of a type parameter without reflection.
/// </summary>
public static class KubeKinds
{
    /// <summary>Makes a kind known. The same type may be registered again; the last one counts.</summary>
    public static void Register<T>(KubeKind<T> kind)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        Known<T>.Kind = kind;
        KubeModels.Add(typeof(T), kind.Resource);
    }

    /// <summary>What is known of the kind.</summary>
    /// <exception cref="NotSupportedException">It is neither one of the models in <see cref="KubeModels"/> nor registered.</exception>
    public static KubeKind<T> Of<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> => Known<T>.Kind ??= Find<T>();

    /// <summary>Whether two objects are written as the same: records that hold lists are not equal by value.</summary>
    public static bool Same<T>(T a, T b)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() =>
        JsonSerializer.SerializeToUtf8Bytes(a, Of<T>().Json).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, Of<T>().Json));

    private static KubeKind<T> Find<T>()
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        // Nothing of the assembly may have run yet, and its initializer with it.
        RuntimeHelpers.RunModuleConstructor(typeof(T).Module.ModuleHandle);
        return Known<T>.Kind ?? new(KubeModels.ResourceOf<T>(), KubeModels.Json<T>());
    }

    private static class Known<T>
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        public static KubeKind<T>? Kind { get; set; }
    }
}
