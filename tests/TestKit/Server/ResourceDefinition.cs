using System.Text.Json.Nodes;

namespace TestKit;

/// <summary>A resource that the fake server serves, and how it differs from others.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version.</param>
/// <param name="Kind">Kind.</param>
/// <param name="Plural">Name in the path.</param>
/// <param name="Namespaced">Whether objects live in a namespace.</param>
public sealed record ResourceDefinition(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary>Whether there is a <c>status</c> subresource; then the main resource ignores status and the subresource all else.</summary>
    public bool HasStatus { get; init; }

    /// <summary>Whether there is an <c>approval</c> subresource, which replaces <c>status.conditions</c> alone.</summary>
    public bool HasApproval { get; init; }

    /// <summary>Whether the kind comes from a CRD: generations are counted, list items carry their kind, a replace must name a resourceVersion.</summary>
    public bool Custom { get; init; }

    /// <summary>Whether a replace may leave the resourceVersion out and so overwrite whatever is there.</summary>
    public bool UnconditionalUpdate { get; init; } = true;

    /// <summary>Whether a replace of what does not exist creates it.</summary>
    public bool CreateOnUpdate { get; init; }

    /// <summary>Whether names follow RBAC's wider rule (any path segment) instead of DNS subdomain.</summary>
    public bool AnyPathSegmentName { get; init; }

    /// <summary>Fills in what the real server's schema would: called with a new object before it is validated.</summary>
    public Action<JsonObject>? Default { get; init; }

    /// <summary>What the schema finds wrong: called with the new object and, on an update, the old one.</summary>
    public Func<JsonObject, JsonObject?, IEnumerable<FieldError>>? Validate { get; init; }

    /// <summary>Group and version as in <c>apiVersion</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <inheritdoc/>
    public override string ToString() => Group.Length == 0 ? Plural : $"{Plural}.{Group}";
}
