using System.Text.Json.Serialization;
using BreakGlass.Core.Schema;

namespace BreakGlass.Core.Api;

/// <summary>A public key of an authority as in RFC 7517: EC on P-256 (kty, crv, x, y), or OKP Ed25519 (kty, crv, x).</summary>
/// <remarks>The private member is in the schema only so that a private key sent by mistake is refused by name, not silently pruned.</remarks>
[ValidationRule("!has(self.d)", message: "spec.keys: " + Sentences.PrivateAuthorityKey)]
public sealed record AuthorityKey
{
    /// <summary>The name of the key, which vouchers name in their signatures. Give a new key a new name.</summary>
    [Required, Length(1, Bounds.LongestAuthorityKeyId)]
    public string Kid { get; init => field = value ?? ""; } = "";

    /// <summary>EC or OKP.</summary>
    [Required, Enum(ApiWords.AuthorityKeyTypes)]
    public string Kty { get; init => field = value ?? ""; } = "";

    /// <summary>P-256 for EC, Ed25519 for OKP.</summary>
    [Required, Enum(ApiWords.AuthorityCurves)]
    public string Crv { get; init => field = value ?? ""; } = "";

    /// <summary>EC: the point's x; OKP: the public key. 32 bytes as base64url.</summary>
    [Required, Length(1, 64)]
    public string X { get; init => field = value ?? ""; } = "";

    /// <summary>EC: the point's y, 32 bytes as base64url. In YAML, quote the name ("y"): kubectl reads a bare y as true.</summary>
    [Length(maxLength: 64)]
    public string? Y { get; init; }

    /// <summary>From this time on, signatures by the key do not count, and grants that need them end. Default: no end.</summary>
    [Nullable, JsonConverter(typeof(MillisConverter))]
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>The private key. It must not be set.</summary>
    [Length(maxLength: 2048)]
    public string? D { get; init; }

    /// <summary>Name and type only: what was sent by mistake must not reach a log.</summary>
    public override string ToString() => $"AuthorityKey {{ Kid = {Kid}, Kty = {Kty} }}";
}
