namespace BreakGlass.Core.Api;

/// <summary>What the gateway records of a grant, as decided when access was given.</summary>
public sealed record RecordingTerms
{
    /// <summary>What is recorded.</summary>
    public RecordingMode Record { get; init; } = RecordingMode.Requests;

    /// <summary>Whether what the person types is recorded, too, where the output of streams is.</summary>
    public bool Input { get; init; }

    /// <summary>What follows if it cannot be recorded.</summary>
    public RecordingFailureHandling OnFailure { get; init; }
}
