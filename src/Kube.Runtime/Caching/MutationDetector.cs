namespace Kube.Runtime;

/// <summary>
/// Whether stores look for changes of what they hold. The models can be written to, and a store hands out the objects it holds: code that changes one
/// instead of a copy changes it for all readers. Named like client-go's detector. It compares an object when it is replaced or removed, and all of them when
/// the informer stops; it is for debug builds and tests, because it keeps each object a second time, as JSON.
/// </summary>
public static class MutationDetection
{
    /// <summary>The environment variable that turns it on (<c>true</c>) or off (<c>false</c>).</summary>
    public const string Variable = "KUBE_CACHE_MUTATION_DETECTOR";

    /// <summary>
    /// The AppContext switch that counts if the variable is not set. It is for one program (in its runtimeconfig.json): processes that it starts do not
    /// inherit it.
    /// </summary>
    public const string Switch = "Kube.Runtime.CacheMutationDetector";

#if DEBUG
    private const bool ByDefault = true;
#else
    private const bool ByDefault = false;
#endif

    /// <summary>Whether stores that are made from now on look for changes.</summary>
    public static bool IsOn { get; set; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        "1" or "t" or "T" or "true" or "True" or "TRUE" => true,
        "0" or "f" or "F" or "false" or "False" or "FALSE" => false,
        _ => AppContext.TryGetSwitch(Switch, out var on) ? on : ByDefault,
    };
}

/// <summary>Code changed an object in a cache in place. This is a bug in this program, and the cache can no longer be trusted.</summary>
public sealed class CacheMutatedException : Exception
{
    internal CacheMutatedException(string kind, ObjectKey key, IReadOnlyList<string> paths)
        : base(
            $"an object in the cache of {kind} was changed in place: {key}, at {string.Join(", ", paths)}. Objects of a cache are shared: copy every level "
            + "that you change, including the metadata and its maps.")
    {
    }
}

/// <summary>
/// Remembers objects as they came into a store. Not thread-safe: the store's lock guards it. It compares what would be written: an empty list in place of
/// null, for example, is not a change.
/// </summary>
internal sealed class MutationDetector<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private const int MostPaths = 10;

    private readonly KubeKind<T> _kind = KubeKinds.Of<T>();
    private readonly Dictionary<ObjectKey, byte[]> _entered = [];

    public void Remember(ObjectKey key, T item) => _entered[key] = Text(item);

    public void Forget(ObjectKey key) => _entered.Remove(key);

    /// <exception cref="CacheMutatedException">It is not as it came in.</exception>
    public void Check(ObjectKey key, T item)
    {
        if (!_entered.TryGetValue(key, out var entered)) return;
        var now = Text(item);
        if (now.AsSpan().SequenceEqual(entered)) return;

        // The paths and not the values, which may be secret.
        List<string> paths = [];
        Compare(JsonNode.Parse(entered), JsonNode.Parse(now), "", paths);
        throw new CacheMutatedException(_kind.Resource.ToString(), key, paths);
    }

    private byte[] Text(T item) => JsonSerializer.SerializeToUtf8Bytes(item, _kind.Json);

    private static void Compare(JsonNode? before, JsonNode? after, string path, List<string> paths)
    {
        if (paths.Count == MostPaths || JsonNode.DeepEquals(before, after)) return;
        switch (before, after)
        {
            case (JsonObject b, JsonObject a):
                foreach (var name in b.Select(p => p.Key).Union(a.Select(p => p.Key))) Compare(b[name], a[name], $"{path}.{name}", paths);
                break;
            case (JsonArray b, JsonArray a) when b.Count == a.Count:
                for (var i = 0; i < b.Count; i++) Compare(b[i], a[i], $"{path}[{i}]", paths);
                break;
            default:
                paths.Add(path);
                break;
        }
    }
}
