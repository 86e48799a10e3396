using System.Text.Json.Serialization.Metadata;

namespace Kube.Model;

/// <summary>Anything that has Kubernetes object metadata.</summary>
public interface IKubeObject
{
    /// <summary>Group and version, e.g. <c>rbac.authorization.k8s.io/v1</c>.</summary>
    string ApiVersion { get; }

    /// <summary>The kind, e.g. <c>RoleBinding</c>.</summary>
    string Kind { get; }

    /// <summary>Standard object metadata.</summary>
    ObjectMeta Metadata { get; }
}

/// <summary>
/// A kind that the client can read and write: its place in the API and its JSON contract are known at compile time, so
/// that nothing is looked up by reflection.
/// </summary>
/// <remarks>
/// The JSON source generator sets every init-only property, with <c>default</c> where the text lacks it, and so undoes
/// property initialisers: a property with a default says <c>init => field = value ?? theDefault</c>.
/// </remarks>
/// <typeparam name="TSelf">The record itself.</typeparam>
public interface IKubeResource<TSelf> : IKubeObject
    where TSelf : class, IKubeResource<TSelf>
{
    /// <summary>Where the kind lives in the API.</summary>
    static abstract ResourceType Resource { get; }

    /// <summary>The source-generated JSON contract of one object.</summary>
    static abstract JsonTypeInfo<TSelf> Json { get; }

    /// <summary>The source-generated JSON contract of a list of them.</summary>
    static abstract JsonTypeInfo<KubeList<TSelf>> ListJson { get; }

    /// <summary>A copy with other metadata.</summary>
    TSelf WithMetadata(ObjectMeta metadata);
}

/// <summary>The place of a kind in the API.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version, e.g. <c>v1</c>.</param>
/// <param name="Kind">Singular CamelCase name.</param>
/// <param name="Plural">Resource name in the path, lower case.</param>
/// <param name="Namespaced">Whether objects live in a namespace.</param>
/// <param name="MetadataOnly">
/// Ask the server for <c>PartialObjectMetadata</c> on get, list and watch: the payload (a Secret's data) never reaches this process.
/// </param>
public sealed record ResourceType(string Group, string Version, string Kind, string Plural, bool Namespaced, bool MetadataOnly = false)
{
    /// <summary>Group and version as they stand in <c>apiVersion</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The path of the collection, without a leading slash.</summary>
    /// <param name="ns">The namespace, or null for all namespaces and for cluster-scoped kinds.</param>
    public string CollectionPath(string? ns)
    {
        var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
        return Namespaced && !string.IsNullOrEmpty(ns) ? $"{root}/namespaces/{ns}/{Plural}" : $"{root}/{Plural}";
    }

    /// <summary>The path of one object, without a leading slash.</summary>
    public string ObjectPath(string? ns, string name) => $"{CollectionPath(ns)}/{name}";

    /// <inheritdoc/>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}

/// <summary>The key of an object within its kind. <see cref="Namespace"/> is empty for cluster-scoped kinds.</summary>
/// <param name="Namespace">The namespace, or empty.</param>
/// <param name="Name">The object's name.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    /// <summary>The key of an object.</summary>
    public static ObjectKey Of(IKubeObject o) => new(o.Metadata.Namespace ?? "", o.Metadata.Name);

    /// <summary><c>namespace/name</c>, or <c>name</c> for cluster-scoped kinds, as client-go writes it.</summary>
    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";
}
