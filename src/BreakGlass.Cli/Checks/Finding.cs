namespace BreakGlass.Cli.Checks;

internal enum Level
{
    Warning,

    Error,
}

/// <summary>Something that a check found.</summary>
/// <param name="Rule">CamelCase, for programs.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="File">The file.</param>
/// <param name="Place">Where in it.</param>
/// <param name="Message">What is wrong and what to write instead.</param>
internal sealed record Finding(string Rule, Level Level, string File, Place Place, string Message)
{
    /// <summary>As compilers write it, so that editors find the place.</summary>
    public override string ToString() => $"{File}:{Place.Line}:{Place.Column}: {(Level is Level.Error ? "error" : "warning")}: {Message} [{Rule}]";
}

/// <summary>One thing that was checked, and what was found.</summary>
/// <param name="Suite">What it belongs to: a file.</param>
/// <param name="Name">What it is.</param>
/// <param name="Findings">What was found.</param>
internal sealed record Checked(string Suite, string Name, IReadOnlyList<Finding> Findings)
{
    public bool Failed => Findings.Any(f => f.Level is Level.Error);
}
