using Xunit;

namespace TestKit;

/// <summary>
/// A test that needs an API server of at least some minor release. On an older one it is skipped, with a message that names both,
/// and counted as skipped: <c>[ServerFact(MinMinor = 25)]</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ServerFactAttribute : FactAttribute
{
    private readonly int _minMinor;

    /// <summary>The oldest minor release of Kubernetes 1 that has what is tested, e.g. 25 for CEL rules in CRDs.</summary>
    public int MinMinor
    {
        get => _minMinor;
        init => Skip = RequiresServer((_minMinor = value));
    }

    /// <summary>Why a test that needs a minor release cannot run here; null where it can.</summary>
    internal static string? RequiresServer(int minor) =>
        Release.Installed >= new Version(1, minor)
            ? null
            : $"needs Kubernetes 1.{minor} or later, found {Release.Installed}: point KUBEBUILDER_ASSETS at a newer release to run it";
}
