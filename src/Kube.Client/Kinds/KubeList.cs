namespace Kube.Client;

/// <summary>A list of objects of one kind, as the client read it. It is never written.</summary>
public sealed record KubeList<T>
{
    /// <summary>Metadata of the list: its version, from which a watch goes on, and where the next page begins.</summary>
    public V1ListMeta Metadata { get; init; } = new();

    /// <summary>The objects, in the server's order.</summary>
    public IReadOnlyList<T> Items { get; init; } = [];
}
