using Xunit;

namespace BreakGlass.Operator.Tests.Journal;

/// <summary>A test that needs <c>moto_server</c>, an S3 implementation that is not ours; skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MotoFactAttribute : FactAttribute
{
    public const string Program = "moto_server";

    public MotoFactAttribute()
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(d => File.Exists(Path.Combine(d, Program)));
        if (!isThere) Skip = $"{Program} is not on the PATH. Install it with: pip install 'moto[server]'";
    }
}
