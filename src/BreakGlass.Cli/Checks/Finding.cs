namespace BreakGlass.Cli.Checks;

internal enum Level
{
    Warning,

    Error,
}

/// <summary>Something that a check found.</summary>
internal sealed record Finding(string Rule, Level Level, string File, Place Place, string Message)
{
    /// <summary>As compilers write it, so that editors find the place.</summary>
    public override string ToString() => $"{File}:{Place.Line}:{Place.Column}: {(Level is Level.Error ? "error" : "warning")}: {Message} [{Rule}]";
}

/// <summary>One thing that was checked, and what was found.</summary>
internal sealed record Checked(string Suite, string Name, IReadOnlyList<Finding> Findings)
{
    public bool Failed => Findings.Any(f => f.Level is Level.Error);
}
