namespace Kube.Runtime;

/// <summary>A resource by group and version (meta/v1 GroupVersionResource).</summary>
public sealed record GroupVersionResource
{
    /// <summary>Group; empty for the core group.</summary>
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary>Version.</summary>
    public string Version { get; init => field = value ?? ""; } = "";

    /// <summary>Plural name.</summary>
    public string Resource { get; init => field = value ?? ""; } = "";
}
