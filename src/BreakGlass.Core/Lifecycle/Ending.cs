namespace BreakGlass.Core.Lifecycle;

/// <summary>Why and by whom a grant ends.</summary>
/// <param name="Reason">For the status.</param>
/// <param name="ConditionReason">For the condition; finer where something failed.</param>
/// <param name="Actor">Who caused it.</param>
/// <param name="Sentence">For people.</param>
internal sealed record Ending(EndReason Reason, string ConditionReason, string Actor, string Sentence)
{
    public Ending(EndReason reason, string actor, string sentence)
        : this(reason, $"{reason}", actor, sentence)
    {
    }

    /// <summary>Access was recorded and is not given.</summary>
    public static Ending Denied(string reason, string sentence) => new(EndReason.Denied, reason, GrantStatuses.Operator, sentence);

    public static Ending Failed(string reason, string sentence) => new(EndReason.Failed, reason, GrantStatuses.Operator, sentence);
}
