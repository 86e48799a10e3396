namespace Kube.Client;

/// <summary>Somebody else to act as (Kubernetes docs, "User impersonation"); the caller needs the verb <c>impersonate</c>.</summary>
public sealed record Impersonation
{
    /// <summary>User name.</summary>
    public required string User { get; init; }

    /// <summary>UID.</summary>
    public string? Uid { get; init; }

    /// <summary>Groups; a client takes at most one, because more cannot be sent over the .NET HTTP stack.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Extra fields, at most one value each.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
}
