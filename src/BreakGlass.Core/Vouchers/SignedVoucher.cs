using System.Security.Cryptography;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Core.Vouchers;

/// <summary>
/// A voucher as it is handed over: a JWS in compact form, or in general JSON form if several keys signed. That it can be read says nothing about its
/// signatures: <see cref="SignedBy"/> does.
/// </summary>
public sealed class SignedVoucher
{
    /// <summary>The most characters of its text.</summary>
    public const int MaxLength = Bounds.LongestVoucherText;

    /// <summary>The most signatures.</summary>
    public const int MostSignatures = 8;

    /// <summary>The header's <c>typ</c>: no other signed text is taken for a voucher (RFC 8725 section 3.11).</summary>
    public const string Type = "breakglass-voucher+jwt";

    private const string What = "the voucher";

    private SignedVoucher(Voucher claims, string hash, string content, IReadOnlyList<JwsSignature> signatures) =>
        (Claims, Hash, Content, Signatures) = (claims, hash, content, signatures);

    /// <summary>What it says.</summary>
    public Voucher Claims { get; }

    /// <summary>SHA-256 of the exact text, base64url.</summary>
    public string Hash { get; }

    /// <summary>The names of the keys that are said to have signed it.</summary>
    public IReadOnlyList<string> Kids => [.. Signatures.Select(s => s.Kid)];

    internal string Content { get; }

    internal IReadOnlyList<JwsSignature> Signatures { get; }

    /// <summary>Reads a voucher. Never throws.</summary>
    /// <param name="text">The text.</param>
    /// <param name="problem">What is wrong with it, as a clause without a full stop that repeats nothing of it; null if it can be read.</param>
    public static SignedVoucher? TryRead(string? text, out string? problem)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || !Ascii.IsValid(text))
        {
            problem = $"{What} must have 1 to {MaxLength} ASCII characters; copy the file of the voucher and nothing else";
            return null;
        }

        string content;
        byte[] payload;
        IReadOnlyList<JwsSignature> signatures;
        if (text[0] == '{' && text[^1] == '}')
        {
            problem = Jws.ReadGeneral(text, What, Type, MostSignatures, out content, out payload, out signatures);
        }
        else
        {
            problem = Jws.ReadCompact(text, What, Type, withKid: true, out payload, out var signature);
            (content, signatures) = (signature is null ? "" : text.Split('.')[1], signature is null ? [] : [signature]);
        }

        if (problem is null && signatures.DistinctBy(s => s.Kid, StringComparer.Ordinal).Count() < signatures.Count)
            problem = $"{What} has two signatures of one key; each key can sign once";
        if (problem is not null) return null;
        var claims = ReadClaims(payload, out problem);
        return claims is null ? null : new(claims, HashOf(text), content, signatures);
    }

    /// <summary>The names of the keys that signed it. A key counts once, also if it has several names, and only with its own algorithm.</summary>
    /// <param name="keys">The keys of the voucher's authority that are valid.</param>
    public IReadOnlyList<string> SignedBy(IReadOnlyList<AuthorityKey> keys)
    {
        List<string> signed = [];
        HashSet<string> counted = new(StringComparer.Ordinal);
        foreach (var signature in Signatures)
        {
            if (keys.FirstOrDefault(k => k.Kid == signature.Kid) is not { } named) continue;
            if (SignatureKey.Of(named.Kty, named.Crv, named.X, named.Y) is { } key && key.Verifies(signature) && counted.Add(key.Material))
                signed.Add(named.Kid);
        }

        return signed;
    }

    private static string HashOf(string text) => Base64UrlText.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(text)));

    private static Voucher? ReadClaims(byte[] payload, out string? problem)
    {
        const string Name = "the name of an object: lower-case letters, digits, '-' and '.', at most 63";
        const string Label = "a list of names: lower-case letters, digits and '-', at most 63";
        const string Id = "an id: 1 to 64 letters, digits, '-', '_' and '.'";
        var claims = StrictObject.Parse(payload, $"{What}, claims",
            "jti", "iss", "aud", "sub", "policy", "access", "namespaces", "max_duration", "iat", "nbf", "exp", "cnf");
        var jwk = claims.Object("cnf", "jwk").Object("jwk", "kty", "crv", "x", "y");
        JsonWebKey holder = new()
        {
            Kty = jwk.Text("kty", static t => t == "EC", "EC"),
            Crv = jwk.Text("crv", static t => t == "P-256", "P-256"),
            X = jwk.Text("x", static t => t.Length == 43, "32 bytes as base64url"),
            Y = jwk.Text("y", static t => t.Length == 43, "32 bytes as base64url"),
        };
        Voucher voucher = new(
            claims.Text("jti", VoucherText.IsId, Id),
            claims.Text("iss", VoucherText.IsName, Name),
            claims.Text("aud", VoucherText.IsId, "the UID of a cluster's Namespace kube-system"),
            claims.Text("sub", VoucherText.IsPerson, "a user name: 1 to 256 characters that can be seen"),
            claims.Text("policy", VoucherText.IsName, Name),
            claims.Texts("access", VoucherText.MostAccess, VoucherText.IsLabel, Label),
            claims.Texts("namespaces", VoucherText.MostNamespaces, VoucherText.IsLabel, Label),
            Duration(claims),
            claims.Time("iat"), claims.Time("nbf"), claims.Time("exp"), holder);
        problem = claims.Problem ?? jwk.Problem;
        if (problem is null && voucher.NotBefore >= voucher.Expires) problem = $"{What}, claims: nbf is not before exp";
        if (problem is null && voucher.IssuedAt >= voucher.Expires) problem = $"{What}, claims: iat is not before exp";
        if (problem is null && SignatureKey.Of(holder.Kty, holder.Crv, holder.X, holder.Y) is null)
            problem = $"{What}, claims: cnf.jwk is not a public key on the curve P-256";
        return problem is null ? voucher : null;
    }

    private static TimeSpan Duration(StrictObject claims)
    {
        var text = claims.Text("max_duration", VoucherText.IsDuration, $"a duration of at most {Bounds.LongestGrant}, for example 30m");
        return GoDuration.TryParse(text, out var duration) ? duration : TimeSpan.Zero;
    }
}
