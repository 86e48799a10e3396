using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>What a grant asks for, beside what its policy lets it ask for.</summary>
internal static class RequestRules
{
    /// <summary>Justification and ticket.</summary>
    public static Problem? Reason(GrantSpec grant, PolicySpec policy)
    {
        var length = VisibleText.VisibleLength(grant.Justification);
        var least = Math.Max(1, policy.Justification?.MinLength ?? 0);
        if (length < least)
        {
            return new(JustificationTooShort, "spec.justification", length == 0
                ? "must not be empty; explain why you need access, reviewers will read it"
                : $"has {length} visible characters, and the policy requires {least}; explain in a sentence why you need access");
        }

        if (grant.Justification.Length > Bounds.LongestJustification)
        {
            return new(JustificationTooLong, "spec.justification",
                $"has {grant.Justification.Length} characters, at most {Bounds.LongestJustification}; put the details into the ticket");
        }

        if (grant.Ticket is { } ticket && !Tickets.IsPlain(ticket))
        {
            return new(TicketMismatch, "spec.ticket",
                $"'{VisibleText.Line(ticket)}' contains a line break or an invisible character; use only the ticket's number");
        }

        if (policy.Justification?.TicketPattern is not { } pattern) return null;
        if (string.IsNullOrEmpty(grant.Ticket)) return new(TicketMissing, "spec.ticket", $"the policy requires a ticket that matches {pattern}");
        return TicketPattern.Of(pattern).Matches(grant.Ticket)
            ? null
            : new(TicketMismatch, "spec.ticket", $"'{grant.Ticket}' does not match {pattern}, which the policy requires");
    }

    /// <summary>A voucher and its proof.</summary>
    public static Problem? Voucher(GrantSpec grant) => grant.Voucher is null == grant.VoucherProof is null
        ? null : new(VoucherInvalid, "spec.voucher", Sentences.VoucherWithProof);

    /// <summary>How long access is asked for.</summary>
    public static Problem? Length(BreakGlassGrant grant, PolicySpec policy, out TimeSpan duration)
    {
        var longest = VoucherRules.Longest(grant.Spec, policy);
        var text = grant.Spec.Duration
            ?? (longest is { } usual && !(GoDuration.TryParse(policy.Duration.Default, out var byPolicy) && byPolicy <= usual)
                ? GoDuration.Format(usual) : policy.Duration.Default);
        if (!GoDuration.TryParse(text, out duration))
            return new(DurationInvalid, "spec.duration", $"'{text}' is not a valid duration; use for example 30m, 1h30m or 45s");
        if (duration == TimeSpan.Zero) return new(DurationInvalid, "spec.duration", Sentences.NotPositive);
        if (!GoDuration.TryParse(policy.Duration.Max, out var max) || duration > max)
            return new(DurationTooLong, "spec.duration", $"{text} is longer than the policy's max, {policy.Duration.Max}; request at most that");
        return longest is { } most && duration > most
            ? new(DurationTooLong, "spec.duration",
                $"{text} is longer than the voucher gives access by this policy, {GoDuration.Format(most)}; request at most that")
            : null;
    }

    /// <summary>Entries, start time and recipient key.</summary>
    public static Problem? Choice(GrantSpec grant, PolicySpec policy)
    {
        foreach (var name in grant.Access)
        {
            if (policy.Access.Any(e => e.Name == name)) continue;
            return new(AccessUnknown, "spec.access",
                $"the policy has no access entry '{name}'; it has {string.Join(", ", policy.Access.Select(e => e.Name))}");
        }

        if (grant.StartTime is not null && policy.Mode is not PolicyMode.TimeBoxed)
        {
            return new(StartTimeNotAllowed, "spec.startTime",
                "only policies of mode TimeBoxed support a start time; this policy gives access as soon as the request is allowed, so remove it");
        }

        if (grant.RecipientKey is null) return null;
        if (policy.Credential is CredentialKind.BindRequester)
        {
            return new(RecipientKeyNotUsed, "spec.recipientKey", "the policy binds your own user name, so there is no credential to encrypt; remove it");
        }

        return Credentials.RecipientKey.TryParse(grant.RecipientKey, out _, out var error)
            ? null
            : new(RecipientKeyInvalid, "spec.recipientKey", error);
    }
}
