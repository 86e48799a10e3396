using BreakGlass.Core.Vouchers;

namespace BreakGlass.Cli.Vouchers;

/// <summary>What can be said about a voucher offline. The operator decides with the authority and the policy that are in the cluster.</summary>
/// <param name="Signatures">The keys that are said to have signed it, each with what was found; null if nothing was verified.</param>
/// <param name="Problems">Why it gives no access.</param>
internal sealed record VoucherFindings(IReadOnlyList<(string Kid, string? State)> Signatures, IReadOnlyList<string> Problems)
{
    public const string Verified = "verified";

    public static VoucherFindings Of(SignedVoucher voucher, BreakGlassAuthority? authority, DateTimeOffset now)
    {
        List<string> problems = [];
        if (voucher.Claims.TimeProblem(now) is { } untimely) problems.Add($"{untimely}.");
        if (authority is null) return new([.. voucher.Kids.Select(k => (k, (string?)null))], problems);

        var spec = authority.Spec;
        var signed = voucher.SignedBy([.. spec.Keys.Where(k => !IsOver(k, now))]);
        if (authority.Metadata.Name != voucher.Claims.Authority) problems.Add($"the voucher is of the authority {voucher.Claims.Authority}, not of this one.");
        if (spec.Suspended) problems.Add("the authority is suspended.");
        if (spec.Revoked.Contains(voucher.Claims.Id)) problems.Add("the authority revoked the voucher.");
        if (signed.Count < spec.Required)
        {
            problems.Add($"the authority requires {spec.Required} signature(s), and {signed.Count} of them count. "
                + "Add one with 'kubectl breakglass voucher sign'.");
        }

        return new([.. voucher.Kids.Select(k => (k, (string?)State(k, signed, spec.Keys, now)))], problems);
    }

    private static string State(string kid, IReadOnlyList<string> signed, IReadOnlyList<AuthorityKey> keys, DateTimeOffset now)
    {
        if (signed.Contains(kid)) return Verified;
        if (keys.FirstOrDefault(k => k.Kid == kid) is not { } key) return "not a key of this authority";
        return IsOver(key, now) ? "the key is past its notAfter" : "the signature is not valid";
    }

    private static bool IsOver(AuthorityKey key, DateTimeOffset now) => key.NotAfter is { } end && now >= end;
}
