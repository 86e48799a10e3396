using System.Runtime.CompilerServices;
using BreakGlass.Core.Model;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Core.Rules;

/// <summary>What makes an authority valid, and which of its keys count.</summary>
public static class AuthorityRules
{
    private const string Invalid = AuthorityConditions.InvalidAuthority;

    /// <summary>Keys are checked once for each spec: a thousand grants may ask about the same one when it changes.</summary>
    private static readonly ConditionalWeakTable<AuthoritySpec, IReadOnlyList<Problem>> Checked = [];

    /// <summary>The keys whose signatures count now.</summary>
    public static IReadOnlyList<AuthorityKey> Usable(BreakGlassAuthority authority, DateTimeOffset now) =>
        [.. authority.Spec.Keys.Where(k => !(k.NotAfter <= now))];

    /// <summary>When the next of the keys ends; null if none does.</summary>
    public static DateTimeOffset? NextEnd(BreakGlassAuthority authority, DateTimeOffset now) =>
        authority.Spec.Keys.Where(k => k.NotAfter > now).Min(k => k.NotAfter);

    /// <summary>
    /// Whether a change only takes away: no voucher is honoured, nor can be presented, that was not before. Everybody who may write the authority can do that
    /// at once.
    /// </summary>
    public static bool OnlyRestricts(AuthoritySpec old, AuthoritySpec changed) =>
        (changed.Suspended || !old.Suspended)
        && changed.Required >= old.Required
        && old.Revoked.All(changed.Revoked.Contains)
        && changed.Keys.All(k => old.Keys.Any(was => was with { NotAfter = k.NotAfter } == k && (was.NotAfter is null || k.NotAfter <= was.NotAfter)))
        && (old.Couriers.Count == 0 || (changed.Couriers.Count > 0 && changed.Couriers.All(old.Couriers.Contains)));

    /// <summary>All problems of an authority; empty if it can be used.</summary>
    public static IReadOnlyList<Problem> Check(BreakGlassAuthority authority)
    {
        var problems = Checked.GetValue(authority.Spec, Of);
        return authority.Metadata.Name.Length <= Bounds.LongestName ? problems : [new(Invalid, "metadata.name", Sentences.NameTooLong), .. problems];
    }

    private static List<Problem> Of(AuthoritySpec spec)
    {
        var problems = new List<Problem>();
        CheckKeys(problems, spec.Keys);
        if (spec.Required < 1) problems.Add(new(Invalid, "spec.required", $"{spec.Required} is less than 1; set how many different keys must sign a voucher"));
        if (spec.Required > spec.Keys.Count) problems.Add(new(Invalid, "spec.required", Sentences.MoreThanKeys));
        if (spec.Revoked.Count > Bounds.MostRevokedVouchers)
        {
            problems.Add(new(Invalid, "spec.revoked",
                $"has {spec.Revoked.Count} ids, at most {Bounds.MostRevokedVouchers}; to revoke more vouchers, replace the keys that signed them"));
        }

        if (spec.Revoked.Any(id => id.Length is 0 or > Bounds.LongestVoucherId))
            problems.Add(new(Invalid, "spec.revoked", $"each id must have 1 to {Bounds.LongestVoucherId} characters; write the id (jti) of the voucher"));
        if (spec.Couriers.Count > 0) PolicyAccessRules.CheckSubjects(problems, Invalid, "spec.couriers", spec.Couriers, "");
        return problems;
    }

    private static void CheckKeys(List<Problem> problems, IReadOnlyList<AuthorityKey> keys)
    {
        if (keys.Count == 0) problems.Add(new(Invalid, "spec.keys", "must have at least one key; create one with 'kubectl breakglass voucher authority'"));
        if (keys.Count > Bounds.MostAuthorityKeys) problems.Add(new(Invalid, "spec.keys", $"has {keys.Count} keys, at most {Bounds.MostAuthorityKeys}"));
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < keys.Count; i++)
        {
            var (key, field) = (keys[i], $"spec.keys[{i}]");
            if (key.D is not null) problems.Add(new(Invalid, field, Sentences.PrivateAuthorityKey));
            if (AuthorityKeys.Problem(key) is { } problem) problems.Add(new(Invalid, field, problem));
            if (!names.Add(key.Kid)) problems.Add(new(Invalid, $"{field}.kid", "appears twice; names must be unique in the list"));

            // One person with one key under two names must not count as two signers.
            if (keys.Take(i).Any(other => AuthorityKeys.AreSame(other, key)))
                problems.Add(new(Invalid, field, "is the same key as another one; each signer needs a different key"));
        }
    }
}
