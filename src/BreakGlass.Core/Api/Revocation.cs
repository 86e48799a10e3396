using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A person's request to end access now.</summary>
public sealed record Revocation
{
    /// <summary>Why access ends, for the record.</summary>
    [Length(maxLength: 1024)]
    public string? Reason { get; init; }

    /// <summary>Who ends access. Admission sets it from the authenticated caller.</summary>
    public Caller? By { get; init; }
}
