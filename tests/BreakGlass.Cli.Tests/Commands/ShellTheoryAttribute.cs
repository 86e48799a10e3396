using Xunit;

namespace BreakGlass.Cli.Tests.Commands;

/// <summary>Skipped, with a message, where there is no such shell; hack/test.sh installs it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ShellTheoryAttribute : TheoryAttribute
{
    public ShellTheoryAttribute(string shell) =>
        Skip = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, shell)))
            ? null : $"needs {shell} on the PATH, of Debian's package of that name";
}
