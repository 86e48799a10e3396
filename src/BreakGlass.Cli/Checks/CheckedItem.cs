namespace BreakGlass.Cli.Checks;

/// <summary>One thing that was checked, and what was found.</summary>
internal sealed record CheckedItem(string Suite, string Name, IReadOnlyList<Finding> Findings)
{
    public bool Failed => Findings.Any(f => f.Level is FindingLevel.Error);
}
