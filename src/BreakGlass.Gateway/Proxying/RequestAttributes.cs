namespace BreakGlass.Gateway.Proxying;

/// <summary>What a request asks for, as the API server reads it to authorize it (RequestInfo of k8s.io/apiserver).</summary>
/// <param name="Verb">The verb.</param>
internal sealed record RequestAttributes(string Verb)
{
    /// <summary>The path of a request that is about no resource; null if it is about one.</summary>
    public string? Path { get; init; }

    /// <summary>The API group; empty for the core group.</summary>
    public string Group { get; init; } = "";

    /// <summary>The resource, in the plural.</summary>
    public string Resource { get; init; } = "";

    /// <summary>The subresource; empty if there is none.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The namespace; empty if there is none.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The name of the object; empty for all objects.</summary>
    public string Name { get; init; } = "";

    /// <summary>Reads the method and the target of a request.</summary>
    public static RequestAttributes Read(string method, string target)
    {
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = Uri.UnescapeDataString(end < 0 ? target : target[..end]);
        var other = new RequestAttributes(method.ToLowerInvariant()) { Path = path };
        string[] parts = path.Trim('/').Split('/');
        var group = "";
        switch (parts)
        {
            case ["api", _, _, ..]:
                parts = parts[2..];
                break;
            case ["apis", _, _, _, ..]:
                (group, parts) = (parts[1], parts[3..]);
                break;
            default:
                return other;
        }

        var verb = method switch { "POST" => "create", "PUT" => "update", "PATCH" => "patch", "DELETE" => "delete", "GET" or "HEAD" => "get", _ => "" };
        if (parts is ["watch" or "proxy", ..])
        {
            if (parts.Length == 1) return other;
            (verb, parts) = (parts[0], parts[1..]);
        }

        var ns = "";
        if (parts is ["namespaces", var named, ..])
        {
            ns = named;
            if (parts is [_, _, not ("status" or "finalize"), ..]) parts = parts[2..];
        }

        var name = parts.Length > 1 ? parts[1] : "";
        if (name.Length == 0 && verb is "get" or "watch")
        {
            var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(end < 0 ? "" : target[end..]);
            if (verb == "get") verb = query.TryGetValue("watch", out var watch) && watch is ["true" or "1", ..] ? "watch" : "list";
            if (query.TryGetValue("fieldSelector", out var fields)) name = NameIn(fields.ToString());
        }
        else if (name.Length == 0 && verb == "delete")
        {
            verb = "deletecollection";
        }

        return new(verb)
        {
            Group = group, Resource = parts[0], Subresource = parts.Length > 2 && verb != "proxy" ? parts[2] : "", Namespace = ns, Name = name,
        };
    }

    /// <summary>The review that asks the API server whether its caller may do this.</summary>
    public V1SelfSubjectAccessReview Question() => new()
    {
        Spec = Path is not null
            ? new() { NonResourceAttributes = new() { Verb = Verb, Path = Path } }
            : new()
            {
                ResourceAttributes = new()
                {
                    Verb = Verb, Group = Group, Resource = Resource, Subresource = Subresource, NamespaceProperty = Namespace, Name = Name,
                },
            },
    };

    /// <inheritdoc/>
    public override string ToString()
    {
        var what = Path ?? (Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}");
        return Namespace.Length == 0 ? $"{Verb} {what}" : $"{Verb} {what} in namespace {Namespace}";
    }

    /// <summary>A list of one object by its name is authorized as that object.</summary>
    private static string NameIn(string fieldSelector)
    {
        foreach (var term in fieldSelector.Split(','))
        {
            if (term.StartsWith("metadata.name=", StringComparison.Ordinal)) return term["metadata.name=".Length..].TrimStart('=');
        }

        return "";
    }
}
