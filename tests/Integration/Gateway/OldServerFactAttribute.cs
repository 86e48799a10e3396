using TestKit;
using Xunit;

namespace Integration.Gateway;

/// <summary>A test of what happens on API servers that do not have the WebSocket protocol of kubectl, which 1.30 has. It is skipped on newer ones.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OldServerFactAttribute : FactAttribute
{
    private const int FirstWithProtocol = 30;

    public OldServerFactAttribute() => Skip = Release.Installed.Minor < FirstWithProtocol
        ? null : $"needs Kubernetes 1.{FirstWithProtocol - 1} or older, found {Release.Installed}";
}
