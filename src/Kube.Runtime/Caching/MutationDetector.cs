namespace Kube.Runtime;

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
