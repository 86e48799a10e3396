namespace BreakGlass.Cli.Grants;

/// <summary>A grant in words for a person who waits for it.</summary>
internal static class GrantWords
{
    /// <summary>Where it stands, in one line.</summary>
    public static string Line(BreakGlassGrant grant) => VisibleText.Line(Standing(grant));

    private static string Standing(BreakGlassGrant grant) => grant.Status.Phase switch
    {
        null => "requested; the operator has not processed it yet",
        GrantPhase.AwaitingApproval => $"waiting for approval: {Message(grant, GrantConditions.Approved)}",
        GrantPhase.Scheduled => $"scheduled: {Message(grant, GrantConditions.Active)}",
        GrantPhase.Pending when Conditions.Find(grant.Status.Conditions, GrantConditions.Authorized) is { Status: "Unknown" } held =>
            $"on hold: {held.Message}",
        GrantPhase.Pending when Conditions.Find(grant.Status.Conditions,
            GrantConditions.Active) is { Message.Length: > 0, Message: not "Access is being made." } opening => $"allowed; {opening.Message}",
        GrantPhase.Pending => "allowed; the operator is creating access",
        GrantPhase.Active when Conditions.Find(grant.Status.Conditions, GrantConditions.Active) is { Reason: GrantConditions.Partial } partial =>
            $"partially active: {partial.Message}",
        GrantPhase.Active when Conditions.Find(grant.Status.Conditions, GrantConditions.Active) is { Reason: GrantConditions.Interrupted } interrupted =>
            $"active, without access: {interrupted.Message}",
        GrantPhase.Active => $"active until {Timestamp.Text(grant.Status.ExpiresAt ?? default)}",
        var over => $"{over}: {Why(grant)}",
    };

    /// <summary>Why a grant is over, or was never given, in the operator's own sentence.</summary>
    public static string Why(BreakGlassGrant grant)
    {
        var conditions = grant.Status.Conditions;
        string[] order = grant.Status.Phase is GrantPhase.Denied
            ? [GrantConditions.Approved, GrantConditions.Authorized, GrantConditions.Active] : [GrantConditions.Active, GrantConditions.Authorized];
        var said = order.Select(type => Conditions.Find(conditions, type))
            .FirstOrDefault(c => c is { Status: "False", Message.Length: > 0 } && c.Reason != nameof(GrantPhase.AwaitingApproval));
        return said?.Message ?? $"{grant.Status.EndReason?.ToString() ?? "no reason was recorded"}.";
    }

    /// <summary>The reason in one word, for scripts.</summary>
    public static string Reason(BreakGlassGrant grant) => grant.Status.Transitions is [.., var last] ? last.Reason : grant.Status.EndReason?.ToString() ?? "";

    private static string Message(BreakGlassGrant grant, string condition) => Conditions.Find(grant.Status.Conditions, condition)?.Message ?? "";
}
