namespace Kube.Runtime;

/// <summary>
/// One index of a store: value → objects. A value that only one object has, the usual case, costs no collection. Not
/// thread-safe: the store's lock guards it.
/// </summary>
internal sealed class Index<T>(Func<T, IEnumerable<string>> valuesOf)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // T for a single object, Dictionary<ObjectKey, T> for several.
    private readonly Dictionary<string, object> _byValue = [];

    /// <summary>The values of an object. May throw whatever the caller's function throws, so ask before changing anything.</summary>
    public string[] ValuesOf(T obj) => [.. valuesOf(obj).Distinct()];

    public void Add(string[] values, T obj)
    {
        foreach (var value in values) Add(value, obj);
    }

    public void Remove(T obj)
    {
        foreach (var value in ValuesOf(obj)) Remove(value, obj);
    }

    public IReadOnlyList<T> Find(string value) => _byValue.GetValueOrDefault(value) switch
    {
        null => [],
        T single => [single],
        var several => [.. ((Dictionary<ObjectKey, T>)several).Values],
    };

    private void Add(string value, T obj)
    {
        switch (_byValue.GetValueOrDefault(value))
        {
            case null:
                _byValue[value] = obj;
                break;
            case T single:
                _byValue[value] = new Dictionary<ObjectKey, T> { [single.Key] = single, [obj.Key] = obj };
                break;
            case Dictionary<ObjectKey, T> several:
                several[obj.Key] = obj;
                break;
        }
    }

    private void Remove(string value, T obj)
    {
        switch (_byValue.GetValueOrDefault(value))
        {
            case T single when single.Key == obj.Key:
                _byValue.Remove(value);
                break;
            case Dictionary<ObjectKey, T> several:
                several.Remove(obj.Key);
                if (several.Count == 0) _byValue.Remove(value);
                break;
        }
    }
}
