using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>What was done with a grant.</summary>
public sealed record SessionStatus
{
    /// <summary>The UID of the grant.</summary>
    [Length(maxLength: 64)]
    public string? GrantUid { get; init; }

    /// <summary>The policy of the grant.</summary>
    [Length(maxLength: Bounds.LongestName)]
    public string? Policy { get; init; }

    /// <summary>The requester of the grant.</summary>
    [Length(maxLength: 1024)]
    public string? Requester { get; init; }

    /// <summary>Totals, a part for each replica of the operator that received events.</summary>
    [ListMap("observer")]
    public IReadOnlyList<SessionPart> Parts { get; init => field = value ?? []; } = [];

    /// <summary>Tokens of ServiceAccounts that the identity created, by which its later requests are recognized. At most 50 for each replica.</summary>
    [ListMap("observer", "credentialId")]
    public IReadOnlyList<SessionToken> Tokens { get; init => field = value ?? []; } = [];

    /// <summary>
    /// What was done: at most 500 rows. Requests that have no row of their own are counted in rows whose verb and name are an asterisk, one for each result.
    /// </summary>
    [ListMap("observer", "id")]
    public IReadOnlyList<SessionAction> Actions { get; init => field = value ?? []; } = [];
}
