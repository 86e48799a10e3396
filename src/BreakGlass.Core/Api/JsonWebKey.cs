using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A public key as in RFC 7517: RSA with at least 2048 bits (kty, n, e), or EC on P-256 (kty, crv, x, y).</summary>
/// <remarks>The private members are in the schema only so that a private key sent by mistake is refused by name, not silently pruned.</remarks>
[ValidationRule("!has(self.d) && !has(self.p) && !has(self.q) && !has(self.dp) && !has(self.dq) && !has(self.qi)",
    message: "spec.recipientKey: " + Sentences.PrivateKey)]
[ValidationRule("!has(self.k)", message: "spec.recipientKey: " + Sentences.SymmetricKey)]
public sealed record JsonWebKey
{
    /// <summary>RSA or EC.</summary>
    [Required, Enum("RSA, EC")]
    public string? Kty { get; init; }

    /// <summary>RSA: the modulus, base64url. In YAML, quote the name ("n"): kubectl reads a bare n as false.</summary>
    [Length(maxLength: 2048)]
    public string? N { get; init; }

    /// <summary>RSA: the exponent, base64url; usually AQAB.</summary>
    [Length(maxLength: 64)]
    public string? E { get; init; }

    /// <summary>EC: the curve, P-256.</summary>
    [Length(maxLength: 32)]
    public string? Crv { get; init; }

    /// <summary>EC: the point's x, 32 bytes as base64url.</summary>
    [Length(maxLength: 128)]
    public string? X { get; init; }

    /// <summary>EC: the point's y, 32 bytes as base64url. In YAML, quote the name ("y"): kubectl reads a bare y as true.</summary>
    [Length(maxLength: 128)]
    public string? Y { get; init; }

    /// <summary>The name of the key. The header of the JWE repeats it.</summary>
    [Length(maxLength: Bounds.LongestKeyId)]
    public string? Kid { get; init; }

    /// <summary>RSA-OAEP-256 for RSA, ECDH-ES for EC, or empty.</summary>
    [Length(maxLength: 64)]
    public string? Alg { get; init; }

    /// <summary>enc, or empty.</summary>
    [Length(maxLength: 16)]
    public string? Use { get; init; }

    /// <summary>A part of a private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? D { get; init; }

    /// <summary>A part of a private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? P { get; init; }

    /// <summary>A part of a private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? Q { get; init; }

    /// <summary>A part of a private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? Dp { get; init; }

    /// <summary>A part of a private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? Dq { get; init; }

    /// <summary>A part of a private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? Qi { get; init; }

    /// <summary>A symmetric key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? K { get; init; }

    /// <summary>Type and name only: what was sent by mistake must not reach a log.</summary>
    public override string ToString() => $"JsonWebKey {{ Kty = {Kty}, Kid = {Kid} }}";
}
