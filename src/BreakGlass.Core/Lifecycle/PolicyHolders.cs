using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;

namespace BreakGlass.Core.Lifecycle;

/// <summary>What becomes of the places under a policy's limits as their grants end.</summary>
/// <param name="Holders">The places from now on.</param>
/// <param name="LookFor">Those whose grants no cache shows.</param>
/// <param name="LookAgainAt">When the next cooldown is over.</param>
internal sealed record PolicyHolders(IReadOnlyList<HolderRecord> Holders, IReadOnlyList<HolderRecord> LookFor, DateTimeOffset? LookAgainAt)
{
    /// <summary>
    /// Frees a place where its grant is over, which never changes again, or where the server itself says that there is no such grant. One whose
    /// access was open is kept, free, for as long as its requester has to wait; where the next one hangs on its review (the policy blocks, or it used
    /// the bypass), until it is reviewed.
    /// </summary>
    public static PolicyHolders Decide(PolicyFacts facts)
    {
        var (holders, lookFor) = (new List<HolderRecord>(), new List<HolderRecord>());
        var cooldown = LimitRules.Cooldown(facts.Policy.Spec);
        foreach (var holder in facts.Policy.Status.Holders)
        {
            var grant = facts.Grants.FirstOrDefault(g => g.Metadata.Uid == holder.Uid);
            var isAbsent = facts.Absent.Contains(holder.Uid);
            var heldForReview = holder.Bypass is true || ReviewRules.Blocks(facts.Policy.Spec);
            if ((holder.EndedAt is null || heldForReview) && grant is null && !isAbsent) lookFor.Add(holder);
            var after = holder.EndedAt is not null ? holder : After(holder, grant, facts);
            if (after is null) continue;

            // A grant that ended and is shown as if it had not is shown by a cache that is behind.
            var unreviewed = heldForReview && (grant is null ? !isAbsent : !grant.Status.IsTerminal || grant.Status.AwaitsReview);
            if (unreviewed || after.EndedAt is not { } ended || facts.Now < Timestamp.After(ended, cooldown)) holders.Add(after);
        }

        var ends = holders.Where(h => h.EndedAt is not null).Select(h => Timestamp.After(h.EndedAt!.Value, cooldown)).Where(e => e > facts.Now).ToList();
        return new(holders, lookFor, ends.Count == 0 ? null : ends.Min());
    }

    private static HolderRecord? After(HolderRecord holder, BreakGlassGrant? grant, PolicyFacts facts)
    {
        if (grant is null) return facts.Absent.Contains(holder.Uid) ? holder with { EndedAt = Timestamp.Millis(facts.Now) } : holder;
        if (!grant.Status.IsTerminal) return holder;
        return grant.Status.IsRecorded && grant.Status.WasActive ? holder with { EndedAt = grant.Status.EndedAt ?? Timestamp.Millis(facts.Now) } : null;
    }
}
