namespace BreakGlass.Cli.Checks;

/// <summary>Something that a check found.</summary>
internal sealed record Finding(string Rule, FindingLevel Level, string File, SourceLocation Location, string Message)
{
    /// <summary>As compilers write it, so that editors find the place.</summary>
    public override string ToString() =>
        $"{File}:{Location.Line}:{Location.Column}: {(Level is FindingLevel.Error ? "error" : "warning")}: {Message} [{Rule}]";
}
