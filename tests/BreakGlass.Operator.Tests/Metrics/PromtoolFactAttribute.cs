using Xunit;

namespace BreakGlass.Operator.Tests.Metrics;

/// <summary>Skips with a message where promtool is not installed.</summary>
internal sealed class PromtoolFactAttribute : FactAttribute
{
    public PromtoolFactAttribute()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "promtool"))))
            Skip = "promtool is not on the PATH; it comes with Debian's package prometheus";
    }
}
