namespace BreakGlass.Core.Api;

/// <summary>One phase of a rotation that was reached.</summary>
public sealed record RotationStep
{
    /// <summary>The phase.</summary>
    public RotationPhase Phase { get; init; }

    /// <summary>When it was reached, RFC 3339.</summary>
    public string At { get; init => field = value ?? ""; } = "";

    /// <summary>What happened, in a sentence.</summary>
    public string Message { get; init => field = value ?? ""; } = "";
}
