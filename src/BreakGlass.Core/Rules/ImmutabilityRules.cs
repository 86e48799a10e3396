using BreakGlass.Core.Model;
using BreakGlass.Core.Sealing;

namespace BreakGlass.Core.Rules;

/// <summary>What cannot be changed or deleted: the schemas' CEL rules once more, for servers before 1.25, and what CEL cannot say.</summary>
public static class ImmutabilityRules
{
    private static readonly TimeSpan RetainByDefault = GoDuration.Parse(Bounds.UsualRetention);

    /// <summary>A grant cannot be changed; only <c>spec.revoke</c> can be set, once.</summary>
    public static Problem? Check(BreakGlassGrant before, BreakGlassGrant after)
    {
        var (was, becomes) = (before.Spec, after.Spec);
        if (was.Revoke is not null && becomes.Revoke is null) return new("Immutable", "spec.revoke", Sentences.RevocationStays);
        if (was.Revoke is not null
            && !Seal.SameSpec(before with { Spec = new() { Revoke = was.Revoke } }, after with { Spec = new() { Revoke = becomes.Revoke } }))
        {
            return new("Immutable", "spec.revoke", Sentences.RevocationFixed);
        }

        return Seal.SameSpec(before with { Spec = was with { Revoke = null } }, after with { Spec = becomes with { Revoke = null } })
            ? null
            : new("Immutable", "spec", Sentences.GrantFixed);
    }

    /// <summary>
    /// A grant cannot get an owner: the garbage collector deletes objects whose owner is gone, so a writer of grants could have the record deleted. An owner
    /// that is there already may stay.
    /// </summary>
    /// <param name="before">The grant as it is; null for a new one.</param>
    /// <param name="after">The grant as it would be.</param>
    public static Problem? CheckOwners(BreakGlassGrant? before, BreakGlassGrant after) =>
        after.OwnersOrEmpty.All(o => before?.OwnersOrEmpty.Any(b => b.Uid == o.Uid) is true)
            ? null
            : new("Owned", "metadata.ownerReferences",
                "a grant cannot have an owner, because the garbage collector would delete its record with the owner; remove it");

    /// <summary>An approval cannot be changed.</summary>
    public static Problem? Check(BreakGlassApproval before, BreakGlassApproval after) =>
        Seal.SameSpec(before, after) ? null : new("Immutable", "spec", Sentences.ApprovalFixed);

    /// <summary>A review cannot be changed.</summary>
    public static Problem? Check(BreakGlassReview before, BreakGlassReview after) =>
        Seal.SameSpec(before, after) ? null : new("Immutable", "spec", Sentences.ReviewFixed);

    /// <summary>A lockdown cannot be changed.</summary>
    public static Problem? Check(BreakGlassLockdown before, BreakGlassLockdown after) =>
        Seal.SameSpec(before, after) ? null : new("Immutable", "spec", Sentences.LockdownFixed);

    /// <summary>
    /// Why a grant cannot be deleted now; null where it can. The record of access that was given is kept as long as the policy says, so that a
    /// pipeline that applies the manifest again opens nothing. Deleting a grant that gives access is a way to end it, and always free.
    /// </summary>
    public static Problem? CheckDelete(BreakGlassGrant grant, BreakGlassPolicy? policy, DateTimeOffset now)
    {
        if (!grant.Status.IsTerminal || !grant.Status.IsRecorded) return null;
        var until = RetainedUntil(grant, policy);
        return until is not { } at || now >= at
            ? null
            : new("Retained", "metadata.name", $"the grant gave access, so its record is kept until {Timestamp.Text(at)} (spec.retainFor of policy "
                + $"'{grant.Spec.Policy}') and is then deleted automatically");
    }

    /// <summary>The warning for a person who deletes a grant that gives access; null for other grants.</summary>
    public static string? DeleteWarning(BreakGlassGrant grant)
    {
        if (grant.Status.IsTerminal || !grant.Status.IsRecorded || grant.Metadata.DeletionTimestamp is not null) return null;
        var name = grant.Metadata.Name;
        return $"grant '{name}' gives access: the access ends now, and the grant's record and review are deleted. To end access and keep both: "
            + $"kubectl breakglass revoke {name}";
    }

    /// <summary>Until when a finished grant is kept; null where it is not over.</summary>
    public static DateTimeOffset? RetainedUntil(BreakGlassGrant grant, BreakGlassPolicy? policy) => grant.Status.EndedAt is { } ended
        ? Timestamp.After(ended, policy is not null && GoDuration.TryParse(policy.Spec.RetainFor, out var duration) ? duration : RetainByDefault)
        : null;
}
