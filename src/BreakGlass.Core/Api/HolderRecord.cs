using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>
/// A grant that counts towards the policy's limits. The operator writes it before it records the grant, with the resourceVersion of the policy that
/// it checked, so that two writers cannot give the last place twice.
/// </summary>
public sealed record HolderRecord
{
    /// <summary>The grant's name.</summary>
    [Required]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The grant's UID.</summary>
    [Required]
    public string Uid { get; init => field = value ?? ""; } = "";

    /// <summary>The requester's user name.</summary>
    [Required]
    public string Requester { get; init => field = value ?? ""; } = "";

    /// <summary>The requester's UID, if the authenticator has one.</summary>
    public string? RequesterUid { get; init; }

    /// <summary>The claims of --person-claims that identify the requester, as key=value.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];

    /// <summary>The time from which the grant counts.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset Since { get; init; }

    /// <summary>When the grant ended. The cooldown starts at this time.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Whether the emergency bypass activated the grant. This entry then stays until the grant is reviewed.</summary>
    public bool? Bypass { get; init; }
}
