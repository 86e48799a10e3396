using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>What a policy's roles were when an author last wrote the policy, beside what they are today.</summary>
internal static class RolePins
{
    /// <summary>
    /// What the policy hands out today, with the pins renewed where an author changed it since. One that is suspended keeps its pins: suspending needs no
    /// author's rights. A role that was not there yet is pinned as it comes.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="today">What its roles are.</param>
    /// <param name="vouched">Whether the policy's seal is valid.</param>
    /// <param name="generation">The generation that the pins are of from now on.</param>
    public static IReadOnlyList<RoleSummary> Pin(BreakGlassPolicy policy, IReadOnlyList<RoleSummary> today, bool vouched, out long? generation)
    {
        var renew = vouched && !policy.Spec.Suspended && policy.Status.PinnedGeneration != policy.Metadata.Generation;
        generation = renew ? policy.Metadata.Generation : policy.Status.PinnedGeneration;
        return [.. today.Select(r => r with { PinnedHash = renew ? r.Hash : Pinned(policy, r.Name) ?? (vouched ? r.Hash : null) })];
    }

    /// <summary>The entries whose role is not what it was when the author wrote the policy.</summary>
    public static IReadOnlyList<string> Changed(IEnumerable<RoleSummary> roles) =>
        [.. roles.Where(r => r is { PinnedHash: not null, Hash: not null } && r.PinnedHash != r.Hash).Select(r => r.Name)];

    /// <summary>Why a policy with rolePinning Suspend gives no access after a role changed; null if it does.</summary>
    public static Problem? Check(BreakGlassPolicy policy, ClusterView cluster)
    {
        if (policy.Spec.RolePinning is not RolePinning.Suspend || policy.Status.PinnedGeneration != policy.Metadata.Generation) return null;
        var changed = Changed(policy.Spec.Access.Select(e => RoleSummaries.Of(e, cluster) with { PinnedHash = Pinned(policy, e.Name) }));
        return changed.Count == 0
            ? null
            : new(RoleChanged, "spec.policy",
                $"the role rules of {string.Join(", ", changed)} changed after policy '{policy.Metadata.Name}' was written, so the policy gives no access "
                    + "until its owners confirm them; ask its owners to apply it again with a change, then create a new grant");
    }

    private static string? Pinned(BreakGlassPolicy policy, string entry) => policy.Status.Roles.FirstOrDefault(r => r.Name == entry)?.PinnedHash;
}
