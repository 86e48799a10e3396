namespace BreakGlass.Core.Leftovers;

/// <summary>What was seen of a grant's leftovers.</summary>
/// <param name="Stamped">Whether anything stamps at all; where nothing does, nothing can be found by the label.</param>
/// <param name="Found">What is there.</param>
/// <param name="Unseen">Kinds that the operator may not list.</param>
/// <param name="Failed">Whether a kind could not be listed for a reason that passes.</param>
public sealed record LeftoversSeen(bool Stamped, IReadOnlyList<LeftObject> Found, IReadOnlyList<string> Unseen, bool Failed)
{
    /// <summary>Whether there is a record of the grant's session, by which was looked, too.</summary>
    public bool Recorded { get; init; }

    /// <summary>Older objects that the session changed and that can give access.</summary>
    public IReadOnlyList<LeftObject> Changed { get; init; } = [];

    /// <summary>What the session made and the operator may not look up.</summary>
    public IReadOnlyList<MadeObject> Unchecked { get; init; } = [];

    /// <summary>How many requests have no row in the session's record, so that it does not say what they made.</summary>
    public long WithoutRow { get; init; }
}
