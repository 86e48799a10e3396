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

/// <summary>A block that needs more than being typed.</summary>
/// <param name="Has">What stands in it, and in no other block of its page.</param>
internal sealed record Special(string Has)
{
    /// <summary>Who types it, where that is somebody else than on the rest of the page.</summary>
    public string? Person { get; init; }

    /// <summary>What is done before, as administrator.</summary>
    public string Before { get; init; } = "";

    /// <summary>What must be so afterwards, or is cleaned up, as administrator.</summary>
    public string After { get; init; } = "";

    /// <summary>What a reader would fill in: placeholders, addresses.</summary>
    public IReadOnlyList<(string From, string To)> Fill { get; init; } = [];

    /// <summary>The oldest Kubernetes 1.x on which it works.</summary>
    public int MinMinor { get; init; }

    /// <summary>Why it is not run; null where it is.</summary>
    public string? NotRun { get; init; }
}
