namespace BreakGlass.Operator.Caching;

/// <summary>
/// Gives the same string for the same name: ten thousand grants that name the same 256 namespaces hold these once. Bounded, because anybody may make up
/// names; what finds no place is kept as it came.
/// </summary>
internal sealed class SharedNames
{
    /// <summary>More than the namespaces of the largest clusters.</summary>
    public const int Most = 16_384;

    private readonly ConcurrentDictionary<string, string> _names = new(StringComparer.Ordinal);
    private int _count;

    public string Of(string name)
    {
        if (_names.TryGetValue(name, out var shared)) return shared;
        if (Volatile.Read(ref _count) >= Most || !_names.TryAdd(name, name)) return name;
        Interlocked.Increment(ref _count);
        return name;
    }

    public IReadOnlyList<string> Of(IReadOnlyList<string> names) => [.. names.Select(Of)];
}
