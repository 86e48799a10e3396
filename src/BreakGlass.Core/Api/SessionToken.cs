using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A token that a grant's identity created for a ServiceAccount.</summary>
public sealed record SessionToken
{
    /// <summary>The replica of the operator that received the event.</summary>
    [Required, Length(maxLength: 63)]
    public string Observer { get; init => field = value ?? ""; } = "";

    /// <summary>The ID of the token in audit events. It is not a secret: it cannot be used to authenticate.</summary>
    [Required, Length(maxLength: 128)]
    public string CredentialId { get; init => field = value ?? ""; } = "";

    /// <summary>The user name of the ServiceAccount.</summary>
    [Length(maxLength: 350)]
    public string ServiceAccount { get; init => field = value ?? ""; } = "";

    /// <summary>When the API server received the request for the token.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset IssuedAt { get; init; }

    /// <summary>Whether the request for the token was attributed by user name and time (BindRequester).</summary>
    public bool ByName { get; init; }
}
