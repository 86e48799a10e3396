using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Integration.Gateway;

/// <summary>A test that opens many connections. It is skipped, with a message, where the limit of open files is too low.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed partial class OpenFilesFactAttribute : FactAttribute
{
    private readonly int _least;

    /// <summary>How many files it must be able to open.</summary>
    public int Least
    {
        get => _least;
        init => Skip = Requires((_least = value));
    }

    private static string? Requires(int least) =>
        int.TryParse(Limit().Match(File.ReadAllText("/proc/self/limits")).Groups["count"].Value, CultureInfo.InvariantCulture, out var most) && most < least
            ? $"needs {least} open files, and the limit is {most}: raise it with ulimit -n to run it" : null;

    [GeneratedRegex("Max open files\\s+(?<count>\\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Limit();
}
