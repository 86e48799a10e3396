namespace Kube.Client;

/// <summary>The server's version (<c>/version</c>).</summary>
/// <param name="Major">E.g. 1.</param>
/// <param name="Minor">E.g. 20; a provider's suffix (<c>20+</c>) is cut.</param>
/// <param name="GitVersion">E.g. <c>v1.20.2</c>.</param>
public sealed record ServerVersion(int Major, int Minor, string GitVersion)
{
    /// <summary>Whether the server is of this release or a later one.</summary>
    public bool IsAtLeast(int major, int minor) => Major > major || (Major == major && Minor >= minor);
}
