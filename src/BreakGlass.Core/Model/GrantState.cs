namespace BreakGlass.Core.Model;

/// <summary>What a grant's status says, as the rules ask it.</summary>
public static class GrantState
{
    extension(GrantStatus status)
    {
        /// <summary>Whether the grant is over: its phase never changes again.</summary>
        public bool IsTerminal => status.Phase is GrantPhase.Expired or GrantPhase.Revoked or GrantPhase.Denied or GrantPhase.Failed;

        /// <summary>Whether access was recorded, so that it exists or may exist or did once.</summary>
        public bool IsRecorded => status.ExpiresAt is not null;

        /// <summary>Whether access was cut and it is still to be proven that it is gone.</summary>
        public bool AwaitsProof => status.IsTerminal && status.IsRecorded && !Conditions.IsTrue(status.Conditions, GrantConditions.Revoked);

        /// <summary>Whether the grant must be reviewed, once it is over: decided when it was recorded.</summary>
        public bool AwaitsReview => Conditions.Find(status.Conditions, GrantConditions.Reviewed) is { Status: not "True" };

        /// <summary>Whether access was ever open: what failed while it was made never was.</summary>
        public bool WasActive => status.Phase is GrantPhase.Active || status.Transitions.Any(t => t.To is GrantPhase.Active);

        /// <summary>Whether access was given, also if it works nowhere at the moment.</summary>
        public bool WasGiven => Conditions.Find(status.Conditions, GrantConditions.Active) is { Status: "True" } or { Reason: GrantConditions.Interrupted };

        /// <summary>Whether access was given, or is about to be, by the policy's emergency bypass.</summary>
        public bool IsBypassed => Conditions.Find(status.Conditions, GrantConditions.Approved)?.Reason == GrantConditions.EmergencyBypass;
    }
}
