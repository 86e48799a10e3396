using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Vouchers;

namespace BreakGlass.Operator.Jobs.Drills;

/// <summary>
/// The key that the credential of one run is delivered to. It is only in this process's memory, so only this process can use the credential. With vouchers, it
/// is the key of the vouchers' holder.
/// </summary>
internal sealed class DrillCredential : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly ECDiffieHellman _key;

    private DrillCredential(ECDiffieHellman key) => _key = key;

    /// <summary>The public half, for the grant.</summary>
    public JsonWebKey PublicKey => RecipientKey.PublicJwk(_key, keyId: null);

    /// <summary>Creates a key.</summary>
    public static DrillCredential Create() => new(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Takes the key of the holder of vouchers; null if the text is not a private key on P-256.</summary>
    /// <param name="pem">The key, not encrypted.</param>
    public static DrillCredential? Of(string? pem)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportFromPem(pem);
            if (key.ExportParameters(includePrivateParameters: true).Curve.Oid?.Value == ECCurve.NamedCurves.nistP256.Oid.Value) return new(key);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            // no private key
        }

        key.Dispose();
        return null;
    }

    /// <summary>The proof that this is the key of a voucher's holder.</summary>
    /// <param name="voucher">The voucher.</param>
    /// <param name="grant">The name of the grant that presents it.</param>
    /// <param name="now">The time of the cluster.</param>
    public string Prove(SignedVoucher voucher, string grant, DateTimeOffset now)
    {
        using var own = ECDsa.Create(_key.ExportParameters(includePrivateParameters: true));
        return VoucherSigning.Prove(voucher, grant, now, own);
    }

    /// <summary>A client that is the grant's identity, by the path of the grant; null if the credential is not there.</summary>
    /// <param name="grant">The active grant.</param>
    /// <param name="client">The operator's client, which knows the API server.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="CryptographicException">The credential is for another key.</exception>
    public KubeClient? Open(BreakGlassGrant grant, KubeClient client, TimeProvider time)
    {
        if (grant.Status.Path is SessionPath.Gateway) return grant.Status.Gateway is { Certificate.Length: > 0 } access ? Through(access, time) : null;
        if (grant.Status.CredentialJwe is not { } jwe) return null;
        var content = Jwe.Decrypt(jwe, _key);
        try
        {
            // The address in it is for people. The operator knows one that it reaches.
            return CredentialKubeconfig.TokenOf(content) is { } token ? client.As(token, Deadline) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private KubeClient? Through(GatewayAccess access, TimeProvider time)
    {
        using var own = ECDsa.Create(_key.ExportParameters(includePrivateParameters: true));
        using var certificate = X509Certificate2.CreateFromPem(access.Certificate!);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own.ExportSubjectPublicKeyInfo()))
            throw new CryptographicException("The certificate in status.gateway is for another key.");
        if (!Uri.TryCreate(access.Server, UriKind.Absolute, out var server)) return null;
        var connection = new ClusterConnection
        {
            Server = server,
            CertificateAuthority = access.CaBundle is { Length: > 0 } bundle ? PemSource.FromPem(bundle) : null,
            ClientCertificate = PemSource.FromPem(access.Certificate!),
            ClientKey = PemSource.FromPem(own.ExportPkcs8PrivateKeyPem()),
            Source = "gateway",
        };
        return new(connection, time, new() { RequestTimeout = Deadline, MaxTries = 1 });
    }
}
