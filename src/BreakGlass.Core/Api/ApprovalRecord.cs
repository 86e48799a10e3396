using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>One approver's decision.</summary>
public sealed record ApprovalRecord
{
    /// <summary>The approver's user name.</summary>
    public string Approver { get; init => field = value ?? ""; } = "";

    /// <summary>The approver's UID, if the authenticator has one.</summary>
    public string? Uid { get; init; }

    /// <summary>The claims of --person-claims that identify the approver, as key=value.</summary>
    public IReadOnlyList<string> Person { get; init => field = value ?? []; } = [];

    /// <summary>Approve or Deny.</summary>
    public string Decision { get; init => field = value ?? ""; } = "";

    /// <summary>The time.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }
}
