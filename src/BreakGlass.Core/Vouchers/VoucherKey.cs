using System.Security.Cryptography;
using BreakGlass.Core.Credentials;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BreakGlass.Core.Vouchers;

/// <summary>A private key of an authority. It has no text form, so that it does not get into a log.</summary>
public sealed class VoucherKey : IDisposable
{
    /// <summary>The number of random bytes that an Ed25519 key is made of.</summary>
    public const int SeedSize = 32;

    private readonly ECDsa? _ec;
    private readonly byte[] _seed;

    private VoucherKey(ECDsa? ec, byte[] seed, AuthorityKey publicKey, string? kid)
    {
        (_ec, _seed) = (ec, seed);
        PublicKey = publicKey with { Kid = kid ?? Thumbprint(publicKey) };
        if (!VoucherText.IsKid(Kid)) throw new ArgumentException("the name of a key has 1 to 64 letters, digits, '-', '_' and '.'", nameof(kid));
    }

    /// <summary>The public key, as an authority names it.</summary>
    public AuthorityKey PublicKey { get; }

    /// <summary>The name of the key: if none was given, the first 16 hexadecimal digits of its thumbprint (RFC 7638).</summary>
    public string Kid => PublicKey.Kid;

    /// <summary>ES256 or EdDSA.</summary>
    public string Algorithm => _ec is null ? JwsSignature.EdDsa : JwsSignature.Es256;

    /// <summary>Takes a key on P-256, and disposes of it later.</summary>
    /// <param name="key">The key.</param>
    /// <param name="kid">Its name; null for the usual one.</param>
    public static VoucherKey Of(ECDsa key, string? kid = null)
    {
        var jwk = PublicJwk(key);
        return new(key, [], new() { Kty = jwk.Kty!, Crv = jwk.Crv!, X = jwk.X!, Y = jwk.Y }, kid);
    }

    /// <summary>Makes an Ed25519 key from 32 random bytes.</summary>
    /// <param name="seed">The bytes.</param>
    /// <param name="kid">Its name; null for the usual one.</param>
    public static VoucherKey OfEd25519(ReadOnlySpan<byte> seed, string? kid = null)
    {
        if (seed.Length != SeedSize) throw new ArgumentException($"a seed has {SeedSize} bytes", nameof(seed));
        var (secret, publicKey) = (seed.ToArray(), new byte[Ed25519.PublicKeySize]);
        Ed25519.GeneratePublicKey(secret, 0, publicKey, 0);
        return new(null, secret, new() { Kty = "OKP", Crv = "Ed25519", X = Base64UrlText.Encode(publicKey) }, kid);
    }

    /// <summary>The public half of a key on P-256, as a voucher names its holder: kty, crv, x, y.</summary>
    /// <param name="key">The key.</param>
    public static JsonWebKey PublicJwk(ECDsa key)
    {
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        if (q.X is not { Length: 32 } || q.Y is null) throw new ArgumentException("the key is not on the curve P-256", nameof(key));
        return new() { Kty = "EC", Crv = "P-256", X = Base64UrlText.Encode(q.X), Y = Base64UrlText.Encode(q.Y) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ec?.Dispose();
        CryptographicOperations.ZeroMemory(_seed);
    }

    internal byte[] Sign(byte[] input)
    {
        if (_ec is not null) return _ec.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed, 0, input, 0, input.Length, signature, 0);
        return signature;
    }

    private static string Thumbprint(AuthorityKey key)
    {
        var json = key.Y is null
            ? $$"""{"crv":"{{key.Crv}}","kty":"{{key.Kty}}","x":"{{key.X}}"}"""
            : $$"""{"crv":"{{key.Crv}}","kty":"{{key.Kty}}","x":"{{key.X}}","y":"{{key.Y}}"}""";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(json)))[..16];
    }
}
