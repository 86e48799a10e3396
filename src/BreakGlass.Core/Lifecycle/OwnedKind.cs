namespace BreakGlass.Core.Lifecycle;

/// <summary>One kind of object that the operator makes for grants.</summary>
/// <param name="Name">The kind.</param>
/// <param name="Order">When its objects are removed.</param>
/// <param name="At">Makes a stand-in for an object: its metadata, and nothing else of it.</param>
/// <param name="Own">The one that a grant with an identity has; null if there is none.</param>
public sealed record OwnedKind(string Name, RemovalOrder Order, Func<V1ObjectMeta, IKubernetesObject<V1ObjectMeta>> At, IdentityObject? Own)
{
    /// <summary>Whether the operator watches only the objects with its label.</summary>
    public bool IsSelected { get; init; } = true;

    /// <summary>How an object's content differs from what it should be. Marks are compared for all kinds.</summary>
    public required Func<IKubernetesObject<V1ObjectMeta>, IKubernetesObject<V1ObjectMeta>, Drift> Compare { get; init; }

    /// <summary>The subjects of a binding; empty for other kinds.</summary>
    public required Func<IKubernetesObject<V1ObjectMeta>, IReadOnlyList<Rbacv1Subject>> Subjects { get; init; }
}
