using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A ServiceAccount that a grant can act as.</summary>
public sealed record ActorSummary
{
    /// <summary>The ServiceAccount, as namespace/name.</summary>
    [Required]
    public string ServiceAccount { get; init => field = value ?? ""; } = "";

    /// <summary>What it is allowed to do, from a short list of powerful actions.</summary>
    public IReadOnlyList<string> Can { get; init => field = value ?? []; } = [];
}
