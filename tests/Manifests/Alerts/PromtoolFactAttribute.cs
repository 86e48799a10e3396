using Xunit;

namespace Manifests.Alerts;

/// <summary>A test that runs promtool; skipped, with a message, where there is none. hack/test.sh installs it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute() => Skip = Promtool.IsThere ? null : "needs promtool on the PATH, of Debian's package prometheus";
}
