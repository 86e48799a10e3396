namespace Kube.Client;

/// <summary>The key of an object within its kind. <see cref="Namespace"/> is empty for cluster-scoped kinds.</summary>
/// <param name="Namespace">The namespace, or empty.</param>
/// <param name="Name">The object's name.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary><c>namespace/name</c>, or <c>name</c> for cluster-scoped kinds, as client-go writes it.</summary>
    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";
}
