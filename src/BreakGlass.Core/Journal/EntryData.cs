namespace BreakGlass.Core.Journal;

/// <summary>The details of an entry. Nothing of it is secret. What an entry does not say is not set.</summary>
public sealed record EntryData
{
    /// <summary>The grant.</summary>
    public string? Grant { get; init; }

    /// <summary>The policy.</summary>
    public string? Policy { get; init; }

    /// <summary>The requester's user name.</summary>
    public string? Requester { get; init; }

    /// <summary>Why access was requested.</summary>
    public string? Justification { get; init; }

    /// <summary>The ticket.</summary>
    public string? Ticket { get; init; }

    /// <summary>The phase before.</summary>
    public string? From { get; init; }

    /// <summary>The phase after.</summary>
    public string? To { get; init; }

    /// <summary>Who caused it.</summary>
    public string? Actor { get; init; }

    /// <summary>The reason, in CamelCase.</summary>
    public string? Reason { get; init; }
}
