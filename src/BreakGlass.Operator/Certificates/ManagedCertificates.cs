using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BreakGlass.Operator.Certificates;

/// <summary>
/// What the Secret of the webhooks or of the gateway holds, and what should become of it: pure but for the randomness of new keys. The authority that signs
/// stands first in the bundle; the one before it stays behind it as long as a certificate of its making may be served.
/// </summary>
internal sealed record ManagedCertificates(string Bundle, string AuthorityKey, CertifiedKey Leaf)
{
    /// <summary>What they are for.</summary>
    public CertificateUse Use { get; init; } = CertificateUse.Webhook;

    /// <inheritdoc/>
    public override string ToString() => "ManagedCertificates";

    public static ManagedCertificates New(IReadOnlyList<string> names, DateTimeOffset now, CertificateUse? use = null)
    {
        use ??= CertificateUse.Webhook;
        var authority = Pki.NewAuthority(now, use);
        return new(authority.CertificatePem, authority.KeyPem, Pki.NewLeaf(authority, names, now, use)) { Use = use };
    }

    /// <summary>Reads the data of the Secret; null where something in it is missing or cannot be used.</summary>
    public static ManagedCertificates? Read(IDictionary<string, byte[]>? data, CertificateUse? use = null)
    {
        string? Text(string key) => data.OrEmpty().GetValueOrDefault(key) is { Length: > 0 } bytes ? Encoding.UTF8.GetString(bytes) : null;
        if (Text("ca.crt") is not { } bundle || Text("ca.key") is not { } key || Text("tls.crt") is not { } leaf || Text("tls.key") is not { } leafKey)
            return null;
        var read = new ManagedCertificates(bundle, key, new(leaf, leafKey)) { Use = use ?? CertificateUse.Webhook };
        try
        {
            using var authority = read.Authority.Open();
            using var certificate = read.Leaf.Open();
            if (!Pki.CanSign(authority)) return null;
            return read.Signers().Any(signer => Pki.IsSignedBy(certificate, signer)) ? read : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public IDictionary<string, byte[]> Write() => new Dictionary<string, byte[]>
    {
        ["ca.crt"] = Encoding.UTF8.GetBytes(Bundle),
        ["ca.key"] = Encoding.UTF8.GetBytes(AuthorityKey),
        ["tls.crt"] = Encoding.UTF8.GetBytes(Leaf.CertificatePem),
        ["tls.key"] = Encoding.UTF8.GetBytes(Leaf.KeyPem),
    };

    /// <summary>What to put in its place; null where all is well.</summary>
    /// <param name="names">The names that the certificate must be for.</param>
    /// <param name="now">The time.</param>
    /// <param name="injected">Whether the whole bundle is known to be trusted by the API server, where that can be known.</param>
    public ManagedCertificates? Next(IReadOnlyList<string> names, DateTimeOffset now, bool injected)
    {
        var signers = Signers();
        using var leaf = Leaf.Open();

        // Made by a clock that was ahead, it would keep the API server from reaching the webhooks until its time comes.
        if (now < Pki.From(signers[0])) return New(names, now, Use);
        if (now < Pki.From(leaf)) return this with { Leaf = Pki.NewLeaf(Authority, names, now, Use) };
        if (now >= Pki.Until(leaf) && now >= Pki.Until(signers[0])) return New(names, now, Use);
        if (now >= Pki.RenewAt(signers[0]))
        {
            var authority = Pki.NewAuthority(now, Use);
            return new(Join(authority.CertificatePem, signers[0].ExportCertificatePem()), authority.KeyPem, Leaf) { Use = Use };
        }

        var bySigner = Pki.IsSignedBy(leaf, signers[0]);
        var renewal = now >= Pki.RenewAt(leaf) || !Pki.IsFor(leaf, names);
        if (!bySigner && injected && now >= Pki.From(signers[0]) + Pki.Backdated + Use.Spreads) renewal = true;

        // An expired certificate is of no use: then the new authority signs though it may not be trusted everywhere yet.
        if (renewal && (bySigner || injected || now >= Pki.Until(leaf))) return this with { Leaf = Pki.NewLeaf(Authority, names, now, Use) };

        var over = signers.Count > 1 && bySigner && now >= Pki.From(signers[0]) + Pki.LeafLife;
        return over ? this with { Bundle = Join(signers[0].ExportCertificatePem()) } : null;
    }

    /// <summary>The authority that signs.</summary>
    public CertifiedKey Authority => new(Bundle, AuthorityKey);

    /// <summary>When it ends.</summary>
    public DateTimeOffset AuthorityUntil
    {
        get
        {
            using var authority = Authority.Open();
            return Pki.Until(authority);
        }
    }

    private X509Certificate2Collection Signers()
    {
        var signers = new X509Certificate2Collection();
        signers.ImportFromPem(Bundle);
        return signers;
    }

    private static string Join(params IEnumerable<string> pems) => string.Concat(pems.Select(pem => pem.TrimEnd() + "\n"));
}
