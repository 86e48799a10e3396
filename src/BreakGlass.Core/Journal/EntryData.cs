namespace BreakGlass.Core.Journal;

/// <summary>The details of an entry. Nothing of it is secret. What an entry does not say is not set.</summary>
public sealed record EntryData
{
    /// <summary>The grant.</summary>
    public string? Grant { get; init; }

    /// <summary>The UID of the grant, if the id of the entry does not begin with it.</summary>
    public string? GrantUid { get; init; }

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

    /// <summary>The reason, in CamelCase; the decision of an approval, the outcome of a review.</summary>
    public string? Reason { get; init; }

    /// <summary>If true, the object has no valid seal, so that its actor is not known.</summary>
    public bool? Unverified { get; init; }

    /// <summary>If true, the time is when the operator saw it. It happened before that.</summary>
    public bool? Seen { get; init; }

    /// <summary>What a person wrote: the comment of an approval or review, the reason of a lockdown.</summary>
    public string? Comment { get; init; }

    /// <summary>What a reviewer wants to be done next.</summary>
    public string? FollowUp { get; init; }

    /// <summary>The generation of a policy's spec.</summary>
    public long? Generation { get; init; }

    /// <summary>The mode of a policy.</summary>
    public string? Mode { get; init; }

    /// <summary>The SHA-256 of a policy's spec in its canonical form.</summary>
    public string? Hash { get; init; }

    /// <summary>The access entries of a policy: name, role and places.</summary>
    public IReadOnlyList<string>? Access { get; init; }

    /// <summary>The policies that a lockdown covers, as a label selector; an empty text means all policies.</summary>
    public string? Selector { get; init; }

    /// <summary>The place in which a grant gives no access.</summary>
    public string? Place { get; init; }

    /// <summary>What the grant's identity did or tried, as <c>status.residue</c> says it.</summary>
    public string? Residue { get; init; }

    /// <summary>Audit events of the grant's session.</summary>
    public IReadOnlyList<SessionEvent>? Events { get; init; }

    /// <summary>How many audit events of the session the operator dropped, because it could not write them for too long.</summary>
    public long? Dropped { get; init; }

    /// <summary>A part of the recording of a stream.</summary>
    public RecordingPart? Recording { get; init; }

    /// <summary>The authority.</summary>
    public string? Authority { get; init; }

    /// <summary>The names of an authority's keys.</summary>
    public IReadOnlyList<string>? Keys { get; init; }

    /// <summary>The id of the voucher that was used.</summary>
    public string? Voucher { get; init; }

    /// <summary>The user who presented the voucher.</summary>
    public string? PresentedBy { get; init; }

    /// <summary>The id of a seal key, or of a key of the journal.</summary>
    public string? Key { get; init; }

    /// <summary>The id of the journal's key that the key of the entry replaced.</summary>
    public string? Follows { get; init; }

    /// <summary>A note with both public keys that both of them signed. Not set if the one that was replaced signs nothing any more.</summary>
    public string? Note { get; init; }

    /// <summary>The objects that existed, in an entry that lists them.</summary>
    public IReadOnlyList<LiveObject>? Objects { get; init; }

    /// <summary>In an entry that lists objects: the first entry of the journal that is about a grant that existed.</summary>
    public long? First { get; init; }

    /// <summary>In an entry that lists objects: the number of entries in the journal when the list was made.</summary>
    public long? Size { get; init; }

    /// <summary>The number of this part of the list, from 1.</summary>
    public int? Part { get; init; }

    /// <summary>The number of all parts of the list.</summary>
    public int? Parts { get; init; }
}
