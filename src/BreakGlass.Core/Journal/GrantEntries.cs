namespace BreakGlass.Core.Journal;

/// <summary>
/// The entries of a grant: one for each transition in its status. An entry is made of what does not change after the transition, so that it is the same
/// whenever it is made.
/// </summary>
public static class GrantEntries
{
    /// <summary>The start of the subject of a grant's entries.</summary>
    public const string SubjectStart = "grants/";

    /// <summary>The entries from one transition on.</summary>
    /// <param name="grant">The grant, as the API server has it: a shortened copy has other transitions.</param>
    /// <param name="from">The number of the first transition, from 0.</param>
    public static IEnumerable<JournalEntry> Of(BreakGlassGrant grant, int from) =>
        grant.Status.Transitions.Select((transition, number) => (transition, number)).Skip(from).Select(t => Of(grant, t.transition, t.number));

    /// <summary>The type of the entry for a phase.</summary>
    public static string TypeOf(GrantPhase phase) => "dev.breakglass.grant." + phase switch
    {
        GrantPhase.AwaitingApproval => "requested",
        GrantPhase.Scheduled => "scheduled",
        GrantPhase.Pending => "recorded",
        GrantPhase.Active => "activated",
        GrantPhase.Expired => "expired",
        GrantPhase.Revoked => "revoked",
        GrantPhase.Denied => "denied",
        GrantPhase.Failed => "failed",
        _ => "changed",
    };

    private static JournalEntry Of(BreakGlassGrant grant, TransitionRecord transition, int number) => new()
    {
        Id = JournalEntry.IdOf(grant.Metadata.Uid ?? "", number),
        Type = TypeOf(transition.To),
        Source = JournalEntry.Operator,
        Subject = SubjectStart + grant.Metadata.Name,
        Time = transition.At,
        Data = new()
        {
            Grant = grant.Metadata.Name,
            Policy = EntryText.Short(grant.Spec.Policy),
            Requester = EntryText.Short(grant.Spec.Requester?.Username),
            Justification = number == 0 ? EntryText.Short(grant.Spec.Justification, Bounds.LongestJustification) : null,
            Ticket = number == 0 ? EntryText.Short(grant.Spec.Ticket) : null,
            From = transition.From?.ToString(),
            To = transition.To.ToString(),
            Actor = EntryText.Short(transition.Actor),
            Reason = EntryText.Short(transition.Reason),
        },
    };
}
