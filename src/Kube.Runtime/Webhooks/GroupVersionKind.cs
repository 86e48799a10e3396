namespace Kube.Runtime;

/// <summary>A kind by group and version (meta/v1 GroupVersionKind).</summary>
public sealed record GroupVersionKind
{
    /// <summary>Group; empty for the core group.</summary>
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary>Version.</summary>
    public string Version { get; init => field = value ?? ""; } = "";

    /// <summary>Kind.</summary>
    public string Kind { get; init => field = value ?? ""; } = "";
}
