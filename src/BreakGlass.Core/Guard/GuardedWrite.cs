namespace BreakGlass.Core.Guard;

/// <summary>What the persistence guard looks at in a write, as admission sees it.</summary>
public sealed record GuardedWrite
{
    /// <summary>The user name of who writes, as authenticated (or impersonated).</summary>
    public string User { get; init => field = value ?? ""; } = "";

    /// <summary>CREATE, UPDATE, DELETE or CONNECT.</summary>
    public string Operation { get; init => field = value ?? ""; } = "";

    /// <summary>API group; empty for the core group.</summary>
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary>Resource, plural.</summary>
    public string Resource { get; init => field = value ?? ""; } = "";

    /// <summary>Subresource; empty for the object itself.</summary>
    public string Subresource { get; init => field = value ?? ""; } = "";

    /// <summary>Namespace; empty for cluster-scoped kinds.</summary>
    public string Namespace { get; init => field = value ?? ""; } = "";

    /// <summary>The object's name; empty where the server makes one up, or the write is about a whole collection.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>The field <c>type</c>, of Secrets only.</summary>
    public string SecretType { get; init => field = value ?? ""; } = "";

    /// <summary>The same before an update: who leaves it out keeps it.</summary>
    public string OldSecretType { get; init => field = value ?? ""; } = "";

    /// <summary>The field <c>spec.conversion.strategy</c>, of CRDs only.</summary>
    public string ConversionStrategy { get; init => field = value ?? ""; } = "";
}
