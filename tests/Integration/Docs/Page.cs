namespace Integration.Docs;

/// <summary>A page whose commands are run, and what was there before.</summary>
/// <param name="File">The page, from the repository's root.</param>
/// <param name="Person">Who types: admin, alice (on call for payments), carol (an incident commander) or rita (of security).</param>
internal sealed record Page(string File, string Person)
{
    /// <summary>What the reader has already, made by the administrator. The functions of <see cref="DocsCluster"/>'s shell are there.</summary>
    public string Scene { get; init; } = "";

    /// <summary>Blocks that need more than being typed.</summary>
    public IReadOnlyList<Special> Specials { get; init; } = [];

    /// <summary>Why no block of the page is run here; null where they are.</summary>
    public string? RunElsewhere { get; init; }

    /// <summary>What is special about a block.</summary>
    public Special SpecialOf(Fence fence) => Specials.SingleOrDefault(s => fence.Commands.Contains(s.Has, StringComparison.Ordinal)) ?? new("");
}
