namespace Integration.Docs;

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
