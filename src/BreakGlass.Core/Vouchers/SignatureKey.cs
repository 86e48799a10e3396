using System.Security.Cryptography;
using BreakGlass.Core.Credentials;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BreakGlass.Core.Vouchers;

/// <summary>A public key that verifies signatures of vouchers: EC on P-256 with ES256, or Ed25519 with EdDSA; each key with its own algorithm only.</summary>
internal sealed class SignatureKey
{
    private readonly byte[] _x;
    private readonly byte[] _y;

    private SignatureKey(string algorithm, byte[] x, byte[] y) => (Algorithm, _x, _y) = (algorithm, x, y);

    /// <summary>The only algorithm that it verifies.</summary>
    public string Algorithm { get; }

    /// <summary>The key itself: two names can name the same key.</summary>
    public string Material => $"{Algorithm} {Base64UrlText.Encode(_x)} {Base64UrlText.Encode(_y)}";

    /// <summary>Reads a key; null if it is not one of these.</summary>
    public static SignatureKey? Of(string? kty, string? crv, string? x, string? y)
    {
        if (!Base64UrlText.TryDecode(x, out var xBytes) || xBytes.Length != 32) return null;
        if (kty == "OKP" && crv == "Ed25519" && string.IsNullOrEmpty(y) && Ed25519.ValidatePublicKeyFull(xBytes, 0))
            return new(JwsSignature.EdDsa, xBytes, []);
        return kty == "EC" && crv == "P-256" && Base64UrlText.TryDecode(y, out var yBytes) && yBytes.Length == 32 && RecipientKey.IsOnP256(xBytes, yBytes)
            ? new(JwsSignature.Es256, xBytes, yBytes) : null;
    }

    /// <summary>Whether a signature is by this key and its algorithm.</summary>
    public bool Verifies(JwsSignature signature)
    {
        if (signature.Algorithm != Algorithm || signature.Value.Length != JwsSignature.Size) return false;
        if (Algorithm == JwsSignature.EdDsa) return Ed25519.Verify(signature.Value, 0, _x, 0, signature.Input, 0, signature.Input.Length);
        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = _x, Y = _y } });
            return key.VerifyData(signature.Input, signature.Value, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false; // the platform refuses the key or the form of the signature
        }
    }
}
