using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>The use of a voucher.</summary>
public sealed record VoucherUse
{
    /// <summary>The id of the voucher (jti).</summary>
    [Required]
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>The name of the grant that the voucher was used for.</summary>
    [Required]
    public string Grant { get; init => field = value ?? ""; } = "";

    /// <summary>The UID of that grant.</summary>
    [Required]
    public string GrantUid { get; init => field = value ?? ""; } = "";

    /// <summary>The person that the voucher names.</summary>
    public string Person { get; init => field = value ?? ""; } = "";

    /// <summary>The user who presented the voucher.</summary>
    public string? PresentedBy { get; init; }

    /// <summary>The drill that used the voucher. Not set if a person did. The use by a drill requires no rotation.</summary>
    public string? Drill { get; init; }

    /// <summary>The names of the keys that signed the voucher.</summary>
    public IReadOnlyList<string> Keys { get; init => field = value ?? []; } = [];

    /// <summary>When the voucher was used.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset At { get; init; }

    /// <summary>When the voucher expires.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset ExpiresAt { get; init; }
}
