namespace Kube.Client;

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
