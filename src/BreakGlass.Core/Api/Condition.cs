using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>One aspect of an object's state (meta/v1 Condition).</summary>
public sealed record Condition
{
    /// <summary>The name in CamelCase, unique in the list.</summary>
    [Required]
    public string Type { get; init => field = value ?? ""; } = "";

    /// <summary>True, False or Unknown.</summary>
    [Required, Enum("True, False, Unknown")]
    public string Status { get; init => field = value ?? "Unknown"; } = "Unknown";

    /// <summary>The generation of the object that this condition describes.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When <see cref="Status"/> last changed.</summary>
    public DateTimeOffset LastTransitionTime { get; init; }

    /// <summary>The reason in CamelCase, for programs.</summary>
    public string Reason { get; init => field = value ?? ""; } = "";

    /// <summary>A message for people.</summary>
    public string Message { get; init => field = value ?? ""; } = "";
}
