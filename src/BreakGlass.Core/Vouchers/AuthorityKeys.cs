namespace BreakGlass.Core.Vouchers;

/// <summary>The keys of an authority.</summary>
public static class AuthorityKeys
{
    /// <summary>What is wrong with a key, as a clause without a full stop; null if nothing is.</summary>
    /// <param name="key">The key as it was written.</param>
    public static string? Problem(AuthorityKey key)
    {
        if (!VoucherText.IsKid(key.Kid)) return "kid must have 1 to 64 letters, digits, '-', '_' and '.'";
        return SignatureKey.Of(key.Kty, key.Crv, key.X, key.Y) is null
            ? "is not a public key of type EC on P-256 (kty, crv, x, y) or of type OKP with Ed25519 (kty, crv, x); copy it from 'kubectl breakglass voucher "
                + "authority'. In YAML, quote the name \"y\": kubectl reads a bare y as a boolean"
            : null;
    }

    /// <summary>Whether two entries contain the same key, under whatever names.</summary>
    /// <param name="one">A key.</param>
    /// <param name="other">A key.</param>
    public static bool AreSame(AuthorityKey one, AuthorityKey other) =>
        SignatureKey.Of(one.Kty, one.Crv, one.X, one.Y) is { } a && SignatureKey.Of(other.Kty, other.Crv, other.X, other.Y) is { } b
            && a.Material == b.Material;
}
