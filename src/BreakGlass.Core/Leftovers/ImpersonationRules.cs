using BreakGlass.Core.Guard;

namespace BreakGlass.Core.Leftovers;

/// <summary>
/// What the operator says where an API server asks it beside its own authorizers: no grant's identity acts as somebody else, unless its policy says
/// so. What is done as somebody else reaches admission as done by them, so nothing after the authorizer can tell.
/// </summary>
public static class ImpersonationRules
{
    /// <summary>The grant's identity that wants to act as somebody else; null for every other question, on which there is no opinion.</summary>
    /// <remarks>
    /// The verb <c>impersonate</c>, and those of constrained impersonation (KEP-5284): <c>impersonate:…</c> on whom, <c>impersonate-on:…</c> on what.
    /// </remarks>
    public static string? Asks(V1SubjectAccessReviewSpec question, CoreSettings settings)
    {
        var verb = question.ResourceAttributes?.Verb ?? "";
        return verb is "impersonate" || verb.StartsWith("impersonate:", StringComparison.Ordinal)
            || verb.StartsWith("impersonate-on:", StringComparison.Ordinal)
            ? PersistenceGuard.IdentityOf(question.User ?? "", settings)
            : null;
    }

    /// <summary>Whether the policy that a grant was decided by lets it act as somebody else.</summary>
    public static bool Allows(BreakGlassPolicy? policy, BreakGlassGrant grant) =>
        policy is not null && policy.Metadata.Uid == grant.Status.PolicyUid && policy.Spec.AllowPersistence.Contains(ApiWords.Impersonate);

    /// <summary>No.</summary>
    public static V1SubjectAccessReviewStatus Refusal => new()
    {
        Denied = true,
        Reason = "grants cannot impersonate other users; a policy can allow it with 'impersonate' in spec.allowPersistence",
    };
}
