using System.Text.Json.Serialization;

namespace BreakGlass.Core.Api;

/// <summary>What became of a <see cref="RotationRequest"/>: the operator writes it beside the request.</summary>
public sealed record RotationProgress
{
    /// <summary>The request that it is about.</summary>
    public string Id { get; init => field = value ?? ""; } = "";

    /// <summary>The phases so far, in their order.</summary>
    public IReadOnlyList<RotationStep> Steps { get; init => field = value ?? []; } = [];

    /// <summary>Why the rotation does not go on, in a sentence; null if it does.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether the request was refused, and the operator does nothing about it.</summary>
    public bool Refused { get; init; }

    /// <summary>The newest phase; null if there is none yet.</summary>
    [JsonIgnore]
    public RotationPhase? Phase => Steps.Count > 0 ? Steps[^1].Phase : null;

    /// <summary>Whether there is nothing left to do.</summary>
    [JsonIgnore]
    public bool IsOver => Refused || Phase is RotationPhase.OldRefused;

    /// <summary>With one more phase; unchanged if it is there already.</summary>
    /// <param name="phase">The phase that was reached.</param>
    /// <param name="message">What happened, in a sentence.</param>
    /// <param name="at">When.</param>
    public RotationProgress With(RotationPhase phase, string message, DateTimeOffset at) => Steps.Any(s => s.Phase == phase)
        ? this with { Problem = null }
        : this with { Steps = [.. Steps, new() { Phase = phase, Message = message, At = Timestamp.Text(at) }], Problem = null };

    /// <summary>Reads the text; null if it is not one.</summary>
    public static RotationProgress? Read(string? text) =>
        RotatedKeys.Read<RotationProgress>(text) is { } read && !read.Steps.Contains(null!) ? read : null;

    /// <summary>The text.</summary>
    public string Write() => RotatedKeys.Write(this);
}
