namespace BreakGlass.Core.Rules;

/// <summary>What the approvers make of a request.</summary>
/// <param name="Stage">How far it is.</param>
/// <param name="Sentence">The same in words, for the condition.</param>
/// <param name="Since">The moment from which it has been so, as far as it matters: the last approval, or the time-out.</param>
/// <param name="Records">The decisions that count.</param>
internal sealed record ApprovalOutcome(ApprovalStage Stage, string Sentence, DateTimeOffset? Since, IReadOnlyList<ApprovalRecord> Records)
{
    /// <summary>Why not, where it is denied.</summary>
    public Problem? Denial { get; init; }

    /// <summary>Who denied it; null where time did.</summary>
    public string? Denier { get; init; }

    /// <summary>When the waiting ends by itself.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>How long access lasts at most, where it is given by the bypass.</summary>
    public TimeSpan? AtMost { get; init; }

    public bool Opens => Stage is not (ApprovalStage.Waiting or ApprovalStage.Denied);
}
