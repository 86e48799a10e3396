namespace Kube.Client;

/// <summary>Metadata of a list (meta/v1 ListMeta).</summary>
public sealed record ListMeta
{
    /// <summary>The version of the collection that this list shows; a watch goes on from it.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Opaque token for the next page; null or empty on the last one.</summary>
    public string? Continue { get; init; }

    /// <summary>How many items follow, if the server knows.</summary>
    public long? RemainingItemCount { get; init; }
}

/// <summary>A list of objects of one kind, as the client read it. It is never written.</summary>
public sealed record KubeList<T>
{
    /// <summary>Metadata of the list.</summary>
    public ListMeta Metadata { get; init; } = new();

    /// <summary>The objects, in the server's order.</summary>
    public IReadOnlyList<T> Items { get; init; } = [];
}
