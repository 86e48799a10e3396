namespace BreakGlass.Core.Vouchers;

/// <summary>
/// What the holder of a voucher signs when they use it: the name of the grant, the cluster, the hash of the voucher and the time. So a voucher is worthless
/// without the holder's key, and a proof is of use for one grant only.
/// </summary>
public static class VoucherProof
{
    /// <summary>The most characters of its text.</summary>
    public const int MaxLength = Bounds.LongestVoucherProof;

    /// <summary>The header's <c>typ</c>.</summary>
    public const string Type = "breakglass-voucher-proof+jwt";

    private const string What = "the proof";

    /// <summary>How far its time can be from the time at which it is used.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(2);

    /// <summary>What is wrong with a proof, as a clause without a full stop that repeats nothing of it; null if it is good. Never throws.</summary>
    /// <param name="proof">Its text.</param>
    /// <param name="voucher">The voucher that it is about.</param>
    /// <param name="grant">The name of the grant that carries both.</param>
    /// <param name="now">When the grant was created.</param>
    public static string? Problem(string? proof, SignedVoucher voucher, string grant, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(proof) || proof.Length > MaxLength || !Ascii.IsValid(proof))
            return $"{What} must have 1 to {MaxLength} ASCII characters; 'kubectl breakglass request --voucher FILE' makes it";
        if (Jws.ReadCompact(proof, What, Type, withKid: false, out var payload, out var signature) is { } malformed) return malformed;
        var holder = voucher.Claims.HolderKey;
        if (SignatureKey.Of(holder.Kty, holder.Crv, holder.X, holder.Y) is not { } key || !key.Verifies(signature!))
            return $"{What} is not signed by the key of the voucher's holder; use the private key that belongs to the voucher";
        var claims = StrictObject.Parse(payload, $"{What}, claims", "grant", "aud", "voucher", "iat");
        var (name, cluster, hash) = (Any(claims, "grant"), Any(claims, "aud"), Any(claims, "voucher"));
        var at = claims.Time("iat");
        if (claims.Problem is { } problem) return problem;
        if (hash != voucher.Hash) return $"{What} is for another voucher; make a new proof with 'kubectl breakglass request --voucher FILE'";
        if (name != grant) return $"{What} is for a grant with another name; make a new proof with 'kubectl breakglass request --voucher FILE'";
        if (cluster != voucher.Claims.Cluster) return $"{What} is for another cluster than the voucher";
        return (now - at).Duration() > Tolerance
            ? $"{What} was made more than {GoDuration.Format(Tolerance)} before or after the grant was created; make a new proof, and check the clock of the "
                + "machine that makes it"
            : null;
    }

    private static string Any(StrictObject claims, string name) => claims.Text(name, static _ => true, "a text");
}
