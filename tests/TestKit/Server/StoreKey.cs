namespace TestKit;

/// <summary>The place of an object within its resource; ordered as etcd orders its keys.</summary>
internal readonly record struct StoreKey(string Namespace, string Name)
{
    public static IComparer<StoreKey> Order { get; } = Comparer<StoreKey>.Create(static (a, b) =>
    {
        var order = string.CompareOrdinal(a.Namespace, b.Namespace);
        return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
    });

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
