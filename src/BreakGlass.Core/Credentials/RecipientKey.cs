using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;

namespace BreakGlass.Core.Credentials;

/// <summary>A public key that a credential can be encrypted to, checked: RSA of 2048 to 8192 bits, or EC on P-256.</summary>
public sealed class RecipientKey
{
    /// <summary>The most characters that a key may have in all its fields together.</summary>
    public const int MaxLength = 8 * 1024;

    private const string Field = "spec.recipientKey";

    private RecipientKey(string algorithm, string? keyId) => (Algorithm, KeyId) = (algorithm, keyId);

    /// <summary><c>RSA-OAEP-256</c> or <c>ECDH-ES</c>: how the content's key is agreed on (RFC 7518 section 4).</summary>
    public string Algorithm { get; }

    /// <summary>The name its owner gave it, if any.</summary>
    public string? KeyId { get; }

    internal RSAParameters Rsa { get; private init; }

    internal ECParameters Ec { get; private init; }

    /// <summary>Checks a key. No message repeats what could be key material.</summary>
    /// <param name="jwk">The key as it was sent.</param>
    /// <param name="key">The key, where it is good.</param>
    /// <param name="error">Else a sentence that names the field, what is wrong with it and what to send instead.</param>
    public static bool TryParse(JsonWebKey jwk, [NotNullWhen(true)] out RecipientKey? key, [NotNullWhen(false)] out string? error)
    {
        key = null;
        error = FindMistake(jwk);
        if (error is null) (key, error) = jwk.Kty == "RSA" ? ReadRsa(jwk) : ReadEc(jwk);
        return key is not null;
    }

    /// <summary>The key as a certificate holds it (SubjectPublicKeyInfo, RFC 5280, 4.1.2.7).</summary>
    public byte[] SubjectPublicKeyInfo()
    {
        if (Algorithm == Jwe.RsaOaep256)
        {
            using var rsa = RSA.Create(Rsa);
            return rsa.ExportSubjectPublicKeyInfo();
        }

        using var ec = ECDsa.Create(Ec);
        return ec.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The public half of an RSA key as a JWK.</summary>
    public static JsonWebKey PublicJwk(RSA key, string? keyId)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonWebKey
        {
            Kty = "RSA",
            N = Base64UrlText.Encode(parameters.Modulus),
            E = Base64UrlText.Encode(parameters.Exponent),
            Kid = keyId,
            Alg = Jwe.RsaOaep256,
            Use = "enc",
        };
    }

    /// <summary>The public half of a P-256 key as a JWK.</summary>
    public static JsonWebKey PublicJwk(ECDiffieHellman key, string? keyId)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        return new JsonWebKey
        {
            Kty = "EC",
            Crv = "P-256",
            X = Base64UrlText.Encode(parameters.Q.X),
            Y = Base64UrlText.Encode(parameters.Q.Y),
            Kid = keyId,
            Alg = Jwe.EcdhEs,
            Use = "enc",
        };
    }

    private static string? FindMistake(JsonWebKey jwk)
    {
        string?[] secrets = [jwk.D, jwk.P, jwk.Q, jwk.Dp, jwk.Dq, jwk.Qi];
        string?[] open = [jwk.Kty, jwk.N, jwk.E, jwk.Crv, jwk.X, jwk.Y, jwk.Kid, jwk.Alg, jwk.Use];
        if (jwk.K is not null || jwk.Kty == "oct") return $"{Field}: {Sentences.SymmetricKey}";
        if (secrets.Any(part => part is not null)) return $"{Field}: {Sentences.PrivateKey}";
        if (open.Sum(part => part?.Length ?? 0) > MaxLength)
            return $"{Field} is too long: at most {MaxLength} characters. Send one public key and nothing else.";
        if (jwk.Kty is null) return $"{Field}.kty is missing. Write RSA or EC.";
        if (jwk.Kty is not ("RSA" or "EC")) return $"{Field}.kty is {Quote(jwk.Kty)}. Send an RSA key of at least 2048 bits or an EC key on P-256.";
        if (jwk.Use is not (null or "enc"))
            return $"{Field}.use is {Quote(jwk.Use)}, so the key is not for encryption. Send a key whose use is enc, or that names no use.";
        var algorithm = jwk.Kty == "RSA" ? Jwe.RsaOaep256 : Jwe.EcdhEs;
        if (jwk.Alg is not null && jwk.Alg != algorithm)
            return $"{Field}.alg is {Quote(jwk.Alg)}, but a key of type {jwk.Kty} is used with {algorithm}. Use that, or remove alg.";
        if (jwk.Kid is { Length: > Bounds.LongestKeyId }) return $"{Field}.kid is too long: {Bounds.LongestKeyId} characters at most.";
        return null;
    }

    private static (RecipientKey? Key, string? Error) ReadRsa(JsonWebKey jwk)
    {
        if (Decode(jwk.N, "n", out var modulus) is { } modulusError) return (null, modulusError);
        if (Decode(jwk.E, "e", out var exponent) is { } exponentError) return (null, exponentError);

        // Some encoders put a zero octet in front, which RFC 7518 section 6.3.1.1 forbids but which changes nothing.
        modulus = modulus.AsSpan().TrimStart((byte)0).ToArray();
        exponent = exponent.AsSpan().TrimStart((byte)0).ToArray();
        var n = new BigInteger(modulus, isUnsigned: true, isBigEndian: true);
        var e = new BigInteger(exponent, isUnsigned: true, isBigEndian: true);
        var bits = n.GetBitLength();
        if (bits < 2048) return (null, $"{Field}.n has {bits} bits, which is too weak. Send an RSA key of at least 2048 bits, or an EC key on P-256.");
        if (bits > 8192) return (null, $"{Field}.n has {bits} bits, which is too many. Send an RSA key of at most 8192 bits, or an EC key on P-256.");
        if (n.IsEven) return (null, $"{Field}.n is even, so it is not an RSA modulus. Send the key's n, as base64url of its big-endian bytes.");

        // NIST SP 800-56B section 6.2 asks for 65537 at least; libraries stop at 32 bits or so at the other end.
        if (e < 65537 || e.IsEven || e.GetBitLength() > 32)
            return (null, $"{Field}.e is not a valid exponent: it must be odd, at least 65537, and at most 32 bits long. Send a key whose e is AQAB.");

        return (new RecipientKey(Jwe.RsaOaep256, jwk.Kid) { Rsa = new RSAParameters { Modulus = modulus, Exponent = exponent } }, null);
    }

    private static (RecipientKey? Key, string? Error) ReadEc(JsonWebKey jwk)
    {
        if (jwk.Crv is null) return (null, $"{Field}.crv is missing. Write P-256.");
        if (jwk.Crv != "P-256") return (null, $"{Field}.crv is {Quote(jwk.Crv)}. Send a key on the curve P-256.");
        if (Decode(jwk.X, "x", out var x) is { } xError) return (null, xError);
        if (Decode(jwk.Y, "y", out var y) is { } yError) return (null, yError);
        if (x.Length != 32)
            return (null, $"{Field}.x has {x.Length} bytes, but a point on P-256 has 32. Send all of them, leading zeros too (RFC 7518 section 6.2.1.2).");
        if (y.Length != 32)
            return (null, $"{Field}.y has {y.Length} bytes, but a point on P-256 has 32. Send all of them, leading zeros too (RFC 7518 section 6.2.1.2).");
        if (!IsOnP256(x, y)) return (null, $"{Field}: x and y are not a point on the curve P-256. Send both from the same public key.");

        var parameters = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } };
        return (new RecipientKey(Jwe.EcdhEs, jwk.Kid) { Ec = parameters }, null);
    }

    private static string? Decode(string? text, string name, out byte[] bytes)
    {
        bytes = [];
        if (string.IsNullOrEmpty(text))
        {
            // kubectl reads YAML 1.1, where a bare n or y is a boolean and so another field's name.
            var quotes = name is "n" or "y" ? $" In a YAML manifest write the name in quotes (\"{name}\": …): kubectl reads a bare {name} as a boolean." : "";
            return $"{Field}.{name} is missing. Send the whole public part of the key.{quotes}";
        }

        return Base64UrlText.TryDecode(text, out bytes)
            ? null
            : $"{Field}.{name} is not base64url (letters, digits, - and _, without = at the end). Encode it as in RFC 7517.";
    }

    // The platform's libraries differ in when they check this, and a point off the curve leaks the ephemeral key. FIPS 186-4, D.1.2.3.
    internal static bool IsOnP256(byte[] xBytes, byte[] yBytes)
    {
        var p = BigInteger.Pow(2, 256) - BigInteger.Pow(2, 224) + BigInteger.Pow(2, 192) + BigInteger.Pow(2, 96) - 1;
        var b = new BigInteger(Convert.FromHexString("5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B"), isUnsigned: true, isBigEndian: true);
        var x = new BigInteger(xBytes, isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(yBytes, isUnsigned: true, isBigEndian: true);
        return x < p && y < p && (((y * y) - ((x * x * x) - (3 * x) + b)) % p).IsZero;
    }

    // Only fields that are names are ever repeated, and of those no more than a name's length.
    private static string Quote(string text) => $"\"{string.Concat(text.Take(24).Select(c => char.IsControl(c) ? '?' : c))}\"";
}
