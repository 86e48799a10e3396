using static BreakGlass.Core.Messages.Words;

namespace BreakGlass.Core.Messages;

/// <summary>What is said of a grant and a policy on account of the journal.</summary>
internal static class JournalMessages
{
    public const string NotConfigured = "The policy requires the journal, and the operator has none. Set --journal-directory and --journal-key, or set "
        + "spec.journal of the policy to BestEffort.";

    private const string WhatToDo = "Check the storage of the journal and the operator's log; see the runbook AuditBacklog.";

    public static string NotWritten(string problem) => $"The journal cannot be written: {Sentence(problem)} {WhatToDo}";
    public static string Waiting(int count, string? problem) =>
        $"{count} {(count == 1 ? "change of phase is" : "changes of phase are")} not in the journal yet. "
            + (problem is null ? WhatToDo : NotWritten(problem));
    public static string Written(TransitionRecord newest) =>
        $"The journal contains the changes of phase up to {newest.To} (entry {newest.JournalIndex}).";
    public static string AccessWaits(string why, DateTimeOffset until) =>
        $"Access waits for the journal, until {Timestamp.Text(until)}; then the grant is denied. {why}";
    public static string NotInTime(string? problem, DateTimeOffset until) =>
        $"spec.policy: the policy requires that access is in the journal before it is given, and it was not until {Timestamp.Text(until)}. "
            + $"{(problem is null ? NotConfigured : NotWritten(problem))} Then create a new grant.";
    public static string Denied(BreakGlassGrant grant, string why) => $"{Requester(grant)} was denied access: {why}";
    public static string PolicyWithoutJournal(BreakGlassPolicy policy)
    {
        var field = policy.Spec.Journal is null ? "--journal-default" : "spec.journal";
        return $"{field} is Required, and the operator has no journal, so no grant is activated. Set --journal-directory and --journal-key, or set {field} to "
            + "BestEffort.";
    }
}
