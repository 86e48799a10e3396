using System.Security.Cryptography;

namespace BreakGlass.Core.Credentials;

/// <summary>
/// Encryption to a person's key: JSON Web Encryption in compact form (RFC 7516) with RSA-OAEP-256 or ECDH-ES and A256GCM (RFC 7518).
/// </summary>
/// <remarks>
/// Made of the platform's primitives: Microsoft.IdentityModel.JsonWebTokens has no RSA-OAEP-256 and encrypts token claims only.
/// See docs/dependencies.md for jose-jwt.
/// </remarks>
public static class Jwe
{
    /// <summary>RSAES OAEP with SHA-256 (RFC 7518 section 4.3).</summary>
    public const string RsaOaep256 = "RSA-OAEP-256";

    /// <summary>Direct agreement on a key with an ephemeral one (RFC 7518 section 4.6).</summary>
    public const string EcdhEs = "ECDH-ES";

    private const string A256Gcm = "A256GCM";
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int MaxLength = 1024 * 1024;

    /// <summary>Encrypts a content.</summary>
    /// <param name="content">Any bytes.</param>
    /// <param name="recipient">Whose key it is encrypted to.</param>
    /// <param name="contentType">The media type for the header's <c>cty</c>, e.g. <c>application/yaml</c>; null for none.</param>
    /// <returns>Five parts of base64url, separated by dots.</returns>
    public static string Encrypt(ReadOnlySpan<byte> content, RecipientKey recipient, string? contentType)
    {
        byte[] key, encryptedKey;
        JsonWebKey? ephemeral = null;
        if (recipient.Algorithm == RsaOaep256)
        {
            using var rsa = RSA.Create(recipient.Rsa);
            key = RandomNumberGenerator.GetBytes(KeySize);
            encryptedKey = rsa.Encrypt(key, RSAEncryptionPadding.OaepSHA256);
        }
        else
        {
            using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            using var theirs = ECDiffieHellman.Create(recipient.Ec);
            key = Agree(own, theirs, [], []);
            encryptedKey = [];
            ephemeral = RecipientKey.PublicJwk(own, keyId: null);
        }

        var header = Base64UrlText.Encode(JweHeader.Write(recipient, A256Gcm, contentType, ephemeral));
        var nonce = RandomNumberGenerator.GetBytes(NonceSize);
        var ciphertext = new byte[content.Length];
        var tag = new byte[TagSize];
        using (var aes = new AesGcm(key, TagSize)) aes.Encrypt(nonce, content, ciphertext, tag, Encoding.ASCII.GetBytes(header));
        CryptographicOperations.ZeroMemory(key);
        return string.Join('.', header, Base64UrlText.Encode(encryptedKey), Base64UrlText.Encode(nonce), Base64UrlText.Encode(ciphertext),
            Base64UrlText.Encode(tag));
    }

    /// <summary>Decrypts what was encrypted to an RSA key.</summary>
    /// <param name="jwe">The compact form.</param>
    /// <param name="key">The private key; stays the caller's.</param>
    /// <exception cref="CryptographicException">It is no JWE, not one of this kind, for another key, or changed; the message says which where that
    /// can be told.</exception>
    public static byte[] Decrypt(string jwe, RSA key) => Decrypt(jwe, RsaOaep256, (_, encryptedKey) =>
    {
        // A wrong key must look like a changed text (RFC 7516 section 11.5), so that a caller cannot learn which of the two it was.
        var random = RandomNumberGenerator.GetBytes(KeySize);
        try
        {
            var decrypted = key.Decrypt(encryptedKey, RSAEncryptionPadding.OaepSHA256);
            return decrypted.Length == KeySize ? decrypted : random;
        }
        catch (CryptographicException)
        {
            return random;
        }
    });

    /// <summary>Decrypts what was encrypted to a P-256 key.</summary>
    /// <inheritdoc cref="Decrypt(string, RSA)"/>
    public static byte[] Decrypt(string jwe, ECDiffieHellman key) => Decrypt(jwe, EcdhEs, (header, encryptedKey) =>
    {
        if (encryptedKey.Length > 0) throw new CryptographicException("The JWE is malformed: with ECDH-ES its second part must be empty.");
        if (header.EphemeralKey is null || !RecipientKey.TryParse(header.EphemeralKey, out var parsed, out _) || parsed.Algorithm != EcdhEs)
            throw new CryptographicException("The JWE is malformed: its epk is not a public key on P-256.");
        using var ephemeral = ECDiffieHellman.Create(parsed.Ec);
        return Agree(key, ephemeral, header.PartyU, header.PartyV);
    });

    /// <summary>The Concat KDF of NIST SP 800-56A with SHA-256, for one key of at most 256 bits (RFC 7518 section 4.6.2).</summary>
    internal static byte[] ConcatKdf(ReadOnlySpan<byte> secret, string algorithm, ReadOnlySpan<byte> partyU, ReadOnlySpan<byte> partyV, int keySize)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendNumber(hash, 1);
        hash.AppendData(secret);
        AppendWithLength(hash, Encoding.ASCII.GetBytes(algorithm));
        AppendWithLength(hash, partyU);
        AppendWithLength(hash, partyV);
        AppendNumber(hash, keySize * 8);
        return hash.GetHashAndReset()[..keySize];
    }

    private static byte[] Agree(ECDiffieHellman own, ECDiffieHellman theirs, ReadOnlySpan<byte> partyU, ReadOnlySpan<byte> partyV)
    {
        using var theirPublic = theirs.PublicKey;
        var secret = own.DeriveRawSecretAgreement(theirPublic);
        var key = ConcatKdf(secret, A256Gcm, partyU, partyV, KeySize);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    private static byte[] Decrypt(string jwe, string algorithm, Func<JweHeader, byte[], byte[]> contentKey)
    {
        var parts = jwe.Length > MaxLength ? [] : jwe.Split('.');
        byte[] header = [], encryptedKey = [], nonce = [], ciphertext = [], tag = [];
        var wellFormed = parts.Length == 5
            && Base64UrlText.TryDecode(parts[0], out header)
            && Base64UrlText.TryDecode(parts[1], out encryptedKey)
            && Base64UrlText.TryDecode(parts[2], out nonce)
            && Base64UrlText.TryDecode(parts[3], out ciphertext)
            && Base64UrlText.TryDecode(parts[4], out tag);
        if (!wellFormed)
            throw new CryptographicException("This is not a JWE: a JWE has five base64url parts, separated by dots. Copy all of it, without line breaks.");

        var read = JweHeader.Read(header);
        if (read.Algorithm != algorithm || read.Encryption != A256Gcm)
            throw new CryptographicException(
                $"The JWE does not use the algorithms {algorithm} and {A256Gcm}, which this key requires. Use the key that the grant names.");
        if (nonce.Length != NonceSize || tag.Length != TagSize)
            throw new CryptographicException("The JWE is malformed: its nonce or its tag has the wrong size.");

        var key = contentKey(read, encryptedKey);
        var content = new byte[ciphertext.Length];
        try
        {
            using var aes = new AesGcm(key, TagSize);
            aes.Decrypt(nonce, ciphertext, tag, content, Encoding.ASCII.GetBytes(parts[0]));
            return content;
        }
        catch (AuthenticationTagMismatchException cause)
        {
            const string Message = "The JWE cannot be decrypted: it was made for another key, or was changed in transit. Use the private half of the key in "
                + "the grant's recipientKey.";
            throw new CryptographicException(Message, cause);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static void AppendWithLength(IncrementalHash hash, ReadOnlySpan<byte> data)
    {
        AppendNumber(hash, data.Length);
        hash.AppendData(data);
    }

    private static void AppendNumber(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
