using System.Collections.Specialized;
using System.Web;

namespace TestKit;

/// <summary>A request as the server understood it. Holds no body: bodies carry secrets.</summary>
public sealed record ApiCall
{
    /// <summary>Name of the client (see <see cref="FakeApiServer.CreateHandler"/>).</summary>
    public required string Client { get; init; }

    /// <summary>HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>Path, without the query.</summary>
    public required string Path { get; init; }

    /// <summary>Query string without the question mark.</summary>
    public required string Query { get; init; }

    /// <summary>
    /// <c>get</c>, <c>list</c>, <c>watch</c>, <c>create</c>, <c>update</c>, <c>patch</c>, <c>delete</c> or <c>deletecollection</c>; the HTTP method
    /// in lower case outside the resource API.
    /// </summary>
    public required string Verb { get; init; }

    /// <summary>API group; empty for core.</summary>
    public string Group { get; init; } = "";

    /// <summary>API version; empty outside the resource API.</summary>
    public string Version { get; init; } = "";

    /// <summary>Resource, plural; empty outside the resource API.</summary>
    public string Resource { get; init; } = "";

    /// <summary>Namespace, or empty.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Object name, or empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>Subresource, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Whether it writes: changes an object or issues a token. The review APIs are posted to but keep nothing.</summary>
    public bool IsWrite =>
        Verb is "create" or "update" or "patch" or "delete" or "deletecollection" && Group is not ("authorization.k8s.io" or "authentication.k8s.io");

    internal NameValueCollection Parameters => HttpUtility.ParseQueryString(Query);

    /// <summary>Whether verb and resource (and subresource, as <c>serviceaccounts/token</c>) are these.</summary>
    public bool Is(string verb, string resource) => Verb == verb && (Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}") == resource;

    /// <inheritdoc/>
    public override string ToString() => Query.Length == 0 ? $"{Method} {Path}" : $"{Method} {Path}?{Query}";

    internal static ApiCall Parse(string client, HttpRequestMessage request)
    {
        var uri = request.RequestUri!;
        var call = new ApiCall
        {
            Client = client,
            Method = request.Method.Method,
            Path = Uri.UnescapeDataString(uri.AbsolutePath),
            Query = uri.Query.TrimStart('?'),
            Verb = request.Method.Method.ToLowerInvariant(),
        };
        var parts = uri.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        return parts switch
        {
            ["api", var version, _, ..] => call.ForResource("", version, parts.AsSpan(2)),
            ["apis", var group, var version, _, ..] => call.ForResource(group, version, parts.AsSpan(3)),
            _ => call,
        };
    }

    private ApiCall ForResource(string group, string version, ReadOnlySpan<string> rest)
    {
        var ns = "";
        if (rest is ["namespaces", _, _, ..] && !(rest.Length == 3 && rest[2] is "status" or "finalize"))
        {
            ns = rest[1];
            rest = rest[2..];
        }

        var name = rest.Length > 1 ? rest[1] : "";
        var watch = Parameters["watch"] is "true" or "1";
        return this with
        {
            Group = group,
            Version = version,
            Namespace = ns,
            Resource = rest[0],
            Name = name,
            Subresource = string.Join('/', rest.Length > 2 ? rest[2..].ToArray() : []),
            Verb = (Method, name.Length > 0) switch
            {
                ("GET", true) => "get",
                ("GET", false) => watch ? "watch" : "list",
                ("POST", _) => "create",
                ("PUT", _) => "update",
                ("PATCH", _) => "patch",
                ("DELETE", true) => "delete",
                ("DELETE", false) => "deletecollection",
                _ => Verb,
            },
        };
    }
}
