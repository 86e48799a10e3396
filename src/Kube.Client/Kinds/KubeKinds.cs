using System.Collections.Concurrent;

namespace Kube.Client;

/// <summary>
/// Finds what the client needs to know of a kind. The package's models are known (<see cref="KubeModels"/>); an assembly with kinds of its own registers them
/// in a module initializer. The package has the place of a kind in attributes, but not its JSON contract, and neither can be asked of a type parameter
/// without reflection.
/// </summary>
public static class KubeKinds
{
    /// <summary>
    /// A model has its contract here once somebody asked for it: to build all of them at the start would cost time and memory for kinds that are never used.
    /// </summary>
    private static readonly ConcurrentDictionary<Type, KubeKind> Known =
        new(KubeModels.Resources.Select(model => KeyValuePair.Create(model.Key, new KubeKind(model.Value))));

    /// <summary>Makes a kind known. To register the same again changes nothing.</summary>
    /// <exception cref="InvalidOperationException">The type is known as another kind: objects may have been written as that one already.</exception>
    public static void Register<T>(KubeKind<T> kind)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (Known.GetOrAdd(typeof(T), kind) is var known && known != kind)
        {
            throw new InvalidOperationException($"{typeof(T).Name} is known as {known.Resource} already: a type stands for one kind, with one JSON contract");
        }
    }

    /// <summary>What is known of the kind.</summary>
    /// <exception cref="NotSupportedException">It is neither one of the models in <see cref="KubeModels"/> nor registered.</exception>
    public static KubeKind<T> Of<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> => Known.TryGetValue(typeof(T), out var kind) && kind is KubeKind<T> whole ? whole : Find<T>();

    /// <summary>Whether two objects are written as the same: records that hold lists are not equal by value.</summary>
    public static bool Same<T>(T a, T b)
        where T : class, IKubernetesObject<V1ObjectMeta>, new() =>
        JsonSerializer.SerializeToUtf8Bytes(a, Of<T>().Json).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, Of<T>().Json));

    /// <summary>Where the objects of a type live; null if that is not known.</summary>
    internal static ResourceType? ResourceOf(Type type) => Known.GetValueOrDefault(type)?.Resource;

    private static KubeKind<T> Find<T>()
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        // Nothing of the assembly may have run yet, and its initializer with it.
        RuntimeHelpers.RunModuleConstructor(typeof(T).Module.ModuleHandle);
        return (KubeKind<T>)Known.AddOrUpdate(
            typeof(T),
            static type => throw new NotSupportedException(
                $"{type.Name} is not among the models that this product uses: add it to {nameof(KubeModels)} and {nameof(ModelsContext)}, " +
                $"or register it with {nameof(KubeKinds)}."),
            static (_, known) => known as KubeKind<T> ?? new KubeKind<T>(known.Resource, KubeModels.Json<T>()));
    }
}
