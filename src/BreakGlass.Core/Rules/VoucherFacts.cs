using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Rules;

/// <summary>What decides, beside the voucher, the grant and the policy, whether a voucher is honoured.</summary>
public sealed record VoucherFacts
{
    /// <summary>The authority that the policy names; null if it does not exist.</summary>
    public BreakGlassAuthority? Authority { get; init; }

    /// <summary>The seal of the authority; null if the seal keys could not be read.</summary>
    public SealState? Seal { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>When the grant was requested, by the API server's clock: the proof is compared with it.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>How far the clock may be from the API server's, so that no voucher is refused because of that. Admission goes by the server's clock.</summary>
    public TimeSpan Tolerance { get; init; }

    /// <summary>Who presents the voucher, with all that the API server said; null after admission, when only the user name is known.</summary>
    public Caller? Presenter { get; init; }

    /// <summary>Another grant that was given access by the same voucher; null if none is known.</summary>
    public string? UsedBy { get; init; }
}
