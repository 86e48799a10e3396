using BreakGlass.Core.Model;
using static BreakGlass.Core.Model.DenialReasons;

namespace BreakGlass.Core.Rules;

/// <summary>
/// Limits on how often a policy may be used at a time. What counts is in the policy's own status, where a place is taken under its
/// resourceVersion before a grant is recorded; grants that are recorded without a place there count too.
/// </summary>
internal static class LimitRules
{
    /// <summary>Whether the grants of a policy take places: it has limits, or blocks who is not reviewed, which is one of a kind.</summary>
    public static bool Any(PolicySpec policy) =>
        ReviewRules.Blocks(policy) || policy.Limits is { MaxActive: not null } or { MaxActivePerRequester: not null } or { Cooldown: not null };

    /// <summary>
    /// Whether a grant has to take a place before it is recorded: the policy asks for it, or it opens by the bypass, which one grant can use at a time.
    /// </summary>
    public static bool NeedsPlace(BreakGlassPolicy policy, BreakGlassGrant grant, bool bypass) =>
        bypass ? !policy.Status.Holders.Any(h => h.Uid == grant.Metadata.Uid && h.EndedAt is null && h.Bypass is true) : Any(policy.Spec)
            && !Holds(policy, grant);

    /// <summary>The grant that used the bypass of a policy and is not reviewed, by its name; null where there is none.</summary>
    public static string? OpenBypass(BreakGlassPolicy policy, BreakGlassGrant grant, IReadOnlyList<BreakGlassGrant> siblings)
    {
        bool Settled(string uid) => siblings.Any(s => s.Metadata.Uid == uid && s.Status.IsTerminal && !s.Status.AwaitsReview);
        return siblings.Where(s => s.Status.IsBypassed && s.Status.AwaitsReview).Select(s => s.Metadata.Name)
            .Concat(policy.Status.Holders.Where(h => h.Bypass is true && h.Uid != grant.Metadata.Uid && !Settled(h.Uid)).Select(h => h.Grant))
            .Order(StringComparer.Ordinal).FirstOrDefault();
    }

    /// <summary>Whether a grant has its place already.</summary>
    private static bool Holds(BreakGlassPolicy policy, BreakGlassGrant grant) =>
        policy.Status.Holders.Any(h => h.Uid == grant.Metadata.Uid && h.EndedAt is null);

    /// <summary>Why a grant gets no place now; null where it does.</summary>
    public static Problem? Check(BreakGlassPolicy policy, BreakGlassGrant grant, IReadOnlyList<BreakGlassGrant> siblings, DateTimeOffset now)
    {
        if (policy.Spec.Limits is not { } limits || Holds(policy, grant)) return null;
        var requester = grant.Spec.Requester;
        var places = Taken(policy, grant, siblings);
        if (limits.MaxActive is { } most && places.Count >= most)
        {
            return new(LimitReached, "spec.policy",
                $"policy '{policy.Metadata.Name}' allows at most {most} grant(s) at a time, and {places.Count} exist ({Names(places)}); wait for one to end "
                    + "or have one revoked, then create a new grant");
        }

        var own = places.Where(p => Callers.Same(Callers.Of(p), requester)).ToList();
        if (limits.MaxActivePerRequester is { } each && own.Count >= each)
        {
            return new(LimitReached, "spec.policy",
                $"policy '{policy.Metadata.Name}' allows one requester at most {each} grant(s) at a time, "
                    + $"and '{Callers.Shown(requester)}' has {own.Count} ({Names(own)}); use that grant, or revoke it and create a new one");
        }

        return Cooling(policy, limits, grant, siblings, now);
    }

    /// <summary>The policy's status with a place for a grant.</summary>
    public static PolicyStatus Reserve(BreakGlassPolicy policy, BreakGlassGrant grant, bool bypass, DateTimeOffset now) => policy.Status with
    {
        Holders =
        [
            .. policy.Status.Holders.Where(h => h.Uid != grant.Metadata.Uid),
            Holder(grant) with { Since = Timestamp.Millis(now), Bypass = bypass ? true : null },
        ],
    };

    /// <summary>How long a requester waits after a grant; zero where the policy says nothing.</summary>
    public static TimeSpan Cooldown(PolicySpec policy) => GoDuration.TryParse(policy.Limits?.Cooldown, out var cooldown) ? cooldown : TimeSpan.Zero;

    /// <summary>
    /// The places that others hold. A holder counts even if its grant is in no cache, because the cache may be behind; it does not count if the
    /// grant is over, which is final.
    /// </summary>
    private static List<HolderRecord> Taken(BreakGlassPolicy policy, BreakGlassGrant grant, IReadOnlyList<BreakGlassGrant> siblings)
    {
        var over = siblings.Where(s => s.Status.IsTerminal).Select(s => s.Metadata.Uid).ToHashSet();
        var taken = policy.Status.Holders.Where(h => h.EndedAt is null && h.Uid != grant.Metadata.Uid && !over.Contains(h.Uid)).ToList();
        foreach (var sibling in siblings)
        {
            if (!sibling.Status.IsRecorded || sibling.Status.IsTerminal || sibling.Metadata.Uid == grant.Metadata.Uid) continue;
            if (taken.Exists(h => h.Uid == sibling.Metadata.Uid)) continue;
            taken.Add(Holder(sibling));
        }

        return taken;
    }

    private static HolderRecord Holder(BreakGlassGrant grant)
    {
        var requester = grant.Spec.Requester ?? Caller.Nobody;
        return new()
        {
            Grant = grant.Metadata.Name, Uid = grant.Metadata.Uid
                ?? "", Requester = requester.Username, RequesterUid = requester.Uid, Person = requester.Person,
        };
    }

    private static Problem? Cooling(BreakGlassPolicy policy, Limits limits, BreakGlassGrant grant, IReadOnlyList<BreakGlassGrant> siblings, DateTimeOffset now)
    {
        var requester = grant.Spec.Requester;
        var cooldown = Cooldown(policy.Spec);
        if (cooldown == TimeSpan.Zero) return null;
        var ends = policy.Status.Holders.Where(h => Callers.Same(Callers.Of(h), requester) && h.EndedAt is not null)
            .Select(h => (h.Grant, At: h.EndedAt!.Value))
            .Concat(siblings.Where(s => Callers.Same(s.Spec.Requester, requester) && s.Status.IsTerminal && s.Status.IsRecorded && s.Status.WasActive
                && s.Status.EndedAt is not null)
                .Select(s => (Grant: s.Metadata.Name, At: s.Status.EndedAt!.Value)))
            .Concat(Vanished(policy, grant, requester, siblings).Select(name => (Grant: name, At: now)))
            .ToList();
        if (ends.Count == 0) return null;
        var last = ends.MaxBy(e => e.At);
        var until = Timestamp.After(last.At, cooldown);
        return now >= until
            ? null
            : new(CoolingDown, "spec.policy",
                $"policy '{policy.Metadata.Name}' has a cooldown of {limits.Cooldown} for each requester, "
                    + $"and grant '{last.Grant}' ended at {Timestamp.Text(last.At)}; create a new grant after {Timestamp.Text(until)}");
    }

    /// <summary>Grants that hold a place and are not there: deleted, so they ended, and when, the policy's record does not say yet.</summary>
    private static IEnumerable<string> Vanished(BreakGlassPolicy policy, BreakGlassGrant grant, Caller? requester, IReadOnlyList<BreakGlassGrant> siblings) =>
        policy.Status.Holders.Where(h => h.EndedAt is null && Callers.Same(Callers.Of(h), requester) && h.Uid != grant.Metadata.Uid
            && !siblings.Any(s => s.Metadata.Uid == h.Uid)).Select(h => h.Grant);

    private static string Names(List<HolderRecord> places) =>
        string.Join(", ", places.Take(5).Select(p => p.Grant)) + (places.Count > 5 ? ", …" : "");
}
