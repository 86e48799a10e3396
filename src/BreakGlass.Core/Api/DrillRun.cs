using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One run of a drill.</summary>
public sealed record DrillRun
{
    /// <summary>The identifier of the run; the name of its grant ends with it.</summary>
    [Required, Length(1, 63)]
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>Why it ran.</summary>
    public DrillTrigger Trigger { get; init; }

    /// <summary>When it started.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it finished. Not set while it runs.</summary>
    [JsonConverter(typeof(StatusMillisConverter))]
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What became of it.</summary>
    public DrillResult Result { get; init; }

    /// <summary>The policy that was drilled.</summary>
    public string? Policy { get; init; }

    /// <summary>The name of the run's grant.</summary>
    public string? Grant { get; init; }

    /// <summary>The id of the voucher that the run presented.</summary>
    [Length(maxLength: Bounds.LongestVoucherId)]
    public string? Voucher { get; init; }

    /// <summary>The number of vouchers that were left for later runs. Set if the drill uses vouchers.</summary>
    public int? VouchersLeft { get; init; }

    /// <summary>How the run ends its grant.</summary>
    public DrillEnd End { get; init; }

    /// <summary>How long the run keeps access open before it ends the grant. Set if the run was requested for a test of failures.</summary>
    public string? Hold { get; init; }

    /// <summary>The time from the request to the first use of the access that succeeded.</summary>
    public string? TimeToAccess { get; init; }

    /// <summary>The time from the revocation, or from the time at which the grant expired, to the first use of the access that was refused.</summary>
    public string? TimeToDenial { get; init; }

    /// <summary>The time from the revocation, or from the time at which the grant expired, to the proof that access is gone.</summary>
    public string? ProofOfEnd { get; init; }

    /// <summary>The parts of the run, in their order.</summary>
    [Items(maxItems: 16), ListMap("name")]
    public IReadOnlyList<DrillPhase> Phases { get; init => field = value ?? []; } = [];

    /// <summary>The reason of the first failure, in CamelCase. Not set if the run did not fail.</summary>
    public string? Reason { get; init; }

    /// <summary>What failed, for people. Empty if the run did not fail.</summary>
    [Items(maxItems: 16)]
    public IReadOnlyList<string> Failures { get; init => field = value ?? []; } = [];
}
