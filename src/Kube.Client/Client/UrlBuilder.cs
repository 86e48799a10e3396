namespace Kube.Client;

/// <summary>Builds request addresses under the server's, which may have a path of its own (a proxy for many clusters).</summary>
internal readonly record struct UrlBuilder(Uri Root, string Path)
{
    public static UrlBuilder Collection(Uri root, ResourceType resource, string? ns) => new(root, resource.CollectionPath(CheckNamespace(resource, ns)));

    public static UrlBuilder Object(Uri root, ResourceType resource, string? ns, string name, string subresource = "")
    {
        if (resource.Namespaced && string.IsNullOrEmpty(ns)) throw new ArgumentException($"{resource} are namespaced: set the namespace", nameof(ns));
        return new(root, resource.ObjectPath(CheckNamespace(resource, ns), Segment(name)) + subresource);
    }

    public UrlBuilder With(string key, string? value) => string.IsNullOrEmpty(value)
        ? this
        : this with { Path = $"{Path}{(Path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{key}={Uri.EscapeDataString(value)}" };

    public Uri Build() => new(Root, Path);

    /// <summary>The server's address as a base that relative paths are added to.</summary>
    public static Uri RootOf(Uri server) =>
        server.AbsolutePath.EndsWith('/') && server.Query.Length == 0 ? server : new Uri(server.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/");

    /// <summary>
    /// One path segment. An empty name would turn the delete of an object into the delete of the collection, and <c>..</c> or a
    /// slash would reach another resource, so they never get as far as an address.
    /// </summary>
    public static string Segment(string name)
    {
        if (string.IsNullOrEmpty(name))
            throw new ArgumentException("a name is required: without it, the request would address the whole collection", nameof(name));
        if (name is "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains('%', StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"'{name}' cannot be the name of a Kubernetes object: it must not be '.' or '..', or contain '/' or '%'", nameof(name));
        }

        return Uri.EscapeDataString(name);
    }

    private static string? CheckNamespace(ResourceType resource, string? ns) => resource.Namespaced && !string.IsNullOrEmpty(ns) ? Segment(ns) : null;
}
