using Xunit;

namespace Manifests;

/// <summary>A test that runs kubectl; skipped, with a message, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KubectlTheoryAttribute : TheoryAttribute
{
    public KubectlTheoryAttribute() => Skip = Kubectl.Path is null ? "needs kubectl on the PATH to render kustomizations" : null;
}
