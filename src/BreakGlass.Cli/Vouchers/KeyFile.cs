using System.Security.Cryptography;
using BreakGlass.Core.Vouchers;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.EdEC;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;

namespace BreakGlass.Cli.Vouchers;

/// <summary>
/// Private keys in files, as PEM: encrypted PKCS#8 with PBES2 (RFC 8018), which openssl reads and writes too. What others wrote may also be not encrypted.
/// </summary>
internal static class KeyFile
{
    public const string EllipticCurve = "P-256";
    public const string Edwards = "Ed25519";

    private const string Encrypted = "ENCRYPTED PRIVATE KEY";
    private const int Largest = 64 * 1024;

    /// <summary>What OWASP recommends for PBKDF2 with HMAC-SHA-256.</summary>
    private const int Iterations = 600_000;

    /// <summary>Makes a key on P-256 and writes it.</summary>
    /// <exception cref="CliException">The file exists.</exception>
    public static async Task<ECDsa> CreateAsync(string file, string passphrase, CancellationToken cancellationToken)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Iterations);
        await WriteAsync(file, key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, encryption), cancellationToken);
        return key;
    }

    /// <summary>Makes a key of an authority and writes it.</summary>
    /// <exception cref="CliException">The file exists.</exception>
    public static async Task<VoucherKey> CreateAuthorityKeyAsync(string file, string type, string passphrase, CancellationToken cancellationToken)
    {
        if (type == EllipticCurve) return VoucherKey.Of(await CreateAsync(file, passphrase, cancellationToken));
        var seed = RandomNumberGenerator.GetBytes(VoucherKey.SeedSize);
        try
        {
            // Without the public key, with which openssl 3.0 cannot read it (RFC 8410 section 7).
            var key = new PrivateKeyInfo(new AlgorithmIdentifier(EdECObjectIdentifiers.id_Ed25519), new DerOctetString(seed));
            var info = EncryptedPrivateKeyInfoFactory.CreateEncryptedPrivateKeyInfo(NistObjectIdentifiers.IdAes256Cbc, PkcsObjectIdentifiers.IdHmacWithSha256,
                passphrase.ToCharArray(), RandomNumberGenerator.GetBytes(16), Iterations, new SecureRandom(), key);
            await WriteAsync(file, PemEncoding.WriteString(Encrypted, info.GetEncoded()), cancellationToken);
            return VoucherKey.OfEd25519(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>Fails early if a key cannot be written there.</summary>
    /// <exception cref="CliException">The file exists.</exception>
    public static void CheckNew(string file)
    {
        if (Path.Exists(file)) throw CliException.Usage($"'{file}' already exists and is not overwritten, because it may be a key. Name another file.");
    }

    /// <summary>Reads the key of an authority.</summary>
    /// <param name="file">The file.</param>
    /// <param name="kid">The name of the key; null for the usual one.</param>
    /// <param name="passphrase">Asked if the file is encrypted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CliException">It is not such a key, or the passphrase is wrong.</exception>
    public static async Task<VoucherKey> ReadAuthorityKeyAsync(
        string file, string? kid, Func<string, Task<string>> passphrase, CancellationToken cancellationToken)
    {
        try
        {
            var der = await ReadAsync(file, passphrase, cancellationToken);
            return PrivateKeyFactory.CreateKey(der) is Ed25519PrivateKeyParameters edwards
                ? VoucherKey.OfEd25519(edwards.GetEncoded(), kid) : VoucherKey.Of(OnCurve(der, file), kid);
        }
        catch (ArgumentException e)
        {
            throw CliException.Usage($"--kid: {e.Message.Split(" (Parameter")[0]}.");
        }
    }

    /// <summary>Reads the key of a holder.</summary>
    /// <inheritdoc cref="ReadAuthorityKeyAsync"/>
    public static async Task<ECDsa> ReadHolderKeyAsync(string file, Func<string, Task<string>> passphrase, CancellationToken cancellationToken) =>
        OnCurve(await ReadAsync(file, passphrase, cancellationToken), file);

    private static ECDsa OnCurve(byte[] der, string file)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(der, out _);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value == ECCurve.NamedCurves.nistP256.Oid.Value) return key;
        }
        catch (CryptographicException)
        {
            // another algorithm
        }

        key.Dispose();
        throw CliException.Usage(
            $"the key in '{file}' is not of a type that vouchers use. Create one with 'kubectl breakglass voucher authority' or '… holder'.");
    }

    /// <summary>The key as PKCS#8.</summary>
    private static async Task<byte[]> ReadAsync(string file, Func<string, Task<string>> passphrase, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        if (new FileInfo(file).Length > Largest) throw NotAKey(file);
        var pem = await File.ReadAllTextAsync(file, cancellationToken);
        if (!PemEncoding.TryFind(pem, out var fields)) throw NotAKey(file);
        var bytes = Convert.FromBase64String(pem[fields.Base64Data]);
        switch (pem[fields.Label])
        {
            case "PRIVATE KEY": return bytes;
            case "EC PRIVATE KEY":
                using (var key = ECDsa.Create())
                {
                    key.ImportECPrivateKey(bytes, out _);
                    return key.ExportPkcs8PrivateKey();
                }

            case Encrypted: return Decrypt(bytes, await passphrase($"the key in {file}"), file);
            default: throw NotAKey(file);
        }
    }

    private static byte[] Decrypt(byte[] bytes, string passphrase, string file)
    {
        try
        {
            return PrivateKeyInfoFactory.CreatePrivateKeyInfo(passphrase.ToCharArray(), EncryptedPrivateKeyInfo.GetInstance(bytes)).GetEncoded();
        }
        catch (Exception e) when (e is InvalidCipherTextException or IOException or ArgumentException or InvalidOperationException or GeneralSecurityException)
        {
            throw new CliException(ExitCodes.Refused, $"the key in '{file}' cannot be decrypted: the passphrase is wrong, or the file was changed.", e);
        }
    }

    private static Task WriteAsync(string file, string pem, CancellationToken cancellationToken)
    {
        CheckNew(file);
        return CredentialFiles.WriteAsync(file, Encoding.ASCII.GetBytes(pem + "\n"), cancellationToken, overwrite: false);
    }

    private static CliException NotAKey(string file) =>
        CliException.Usage($"'{file}' does not contain a private key (PEM). Create one with 'kubectl breakglass voucher authority' or '… holder'.");
}
