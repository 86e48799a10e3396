namespace Integration.Docs;

/// <summary>A block of commands on a page.</summary>
/// <param name="Page">The page, from the repository's root.</param>
/// <param name="Line">Where its commands begin.</param>
/// <param name="Commands">What stands there.</param>
/// <param name="Shown">What the page shows as their output, in a block "text" right after it; null where it shows none.</param>
internal sealed record Fence(string Page, int Line, string Commands, string? Shown)
{
    /// <summary>Its first line, by which a table of blocks can name it.</summary>
    public string First => Commands.Split('\n')[0].Trim();

    /// <inheritdoc/>
    public override string ToString() => $"{Page}:{Line}: {First}";
}
