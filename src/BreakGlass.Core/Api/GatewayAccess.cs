using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>How the holder of a grant reaches the API server through the gateway. Nothing in it is secret.</summary>
public sealed record GatewayAccess
{
    /// <summary>The address of the gateway.</summary>
    [Required]
    public string Server { get; init => field = value ?? ""; } = "";

    /// <summary>The authorities of the gateway's own certificate (PEM); none if the holder's machine trusts it already.</summary>
    public string? CaBundle { get; init; }

    /// <summary>
    /// The client certificate of the grant (PEM), for the key in spec.recipientKey or for the key in the credential Secret. The gateway accepts no other one.
    /// </summary>
    [Length(maxLength: 8192)]
    public string? Certificate { get; init; }
}
