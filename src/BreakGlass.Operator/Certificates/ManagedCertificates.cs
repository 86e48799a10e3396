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
    /// <param name="rotation">The rotation on request that the Secret says; null if there was none.</param>
    public ManagedCertificates? Next(IReadOnlyList<string> names, DateTimeOffset now, bool injected, KeyRotation? rotation = null)
    {
        var signers = Signers();
        if (rotation?.Key != signers[0].Thumbprint) rotation = null;
        using var leaf = Leaf.Open();

        // Made by a clock that was ahead, it would keep the API server from reaching the webhooks until its time comes.
        if (now < Pki.From(signers[0])) return New(names, now, Use);
        if (now < Pki.From(leaf)) return this with { Leaf = Pki.NewLeaf(Authority, names, now, Use) };
        if (now >= Pki.Until(leaf) && now >= Pki.Until(signers[0])) return New(names, now, Use);
        if (now >= Pki.RenewAt(signers[0])) return WithNewAuthority(now);

        var bySigner = Pki.IsSignedBy(leaf, signers[0]);
        var renewal = now >= Pki.RenewAt(leaf) || !Pki.IsFor(leaf, names) || !Pki.HasIdentity(leaf, Use);
        if (!bySigner && injected && now >= SignsFrom(signers[0], rotation)) renewal = true;

        // An expired certificate is of no use: then the new authority signs though it may not be trusted everywhere yet.
        if (renewal && (bySigner || injected || now >= Pki.Until(leaf))) return this with { Leaf = Pki.NewLeaf(Authority, names, now, Use) };

        var over = signers.Count > 1 && bySigner && now >= EndOfOld(signers[0], leaf, rotation);
        return over ? this with { Bundle = Join(signers[0].ExportCertificatePem()) } : null;
    }

    /// <summary>With a new authority that signs from now on. What is served stays, and the authority that signed it stays trusted.</summary>
    public ManagedCertificates WithNewAuthority(DateTimeOffset now)
    {
        var (authority, signers) = (Pki.NewAuthority(now, Use), Signers());
        using var leaf = Leaf.Open();

        // The one that signs today; and if it does not sign what is served yet, the one that does.
        var kept = signers.Where((signer, i) => i == 0 || Pki.IsSignedBy(leaf, signer));
        return new(Join([authority.CertificatePem, .. kept.Select(signer => signer.ExportCertificatePem())]), authority.KeyPem, Leaf) { Use = Use };
    }

    /// <summary>The thumbprints of all authorities that are trusted; first of the one that signs.</summary>
    public IReadOnlyList<string> Thumbprints() => [.. Signers().Select(signer => signer.Thumbprint)];

    /// <summary>Whether the authority that signs has signed what is served.</summary>
    public bool IsSignedByNewest()
    {
        using var leaf = Leaf.Open();
        return Pki.IsSignedBy(leaf, Signers()[0]);
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

    /// <summary>All authorities whose certificates are trusted.</summary>
    public X509Certificate2Collection Signers()
    {
        var signers = new X509Certificate2Collection();
        signers.ImportFromPem(Bundle);
        return signers;
    }

    private DateTimeOffset SignsFrom(X509Certificate2 newest, KeyRotation? rotation)
    {
        var made = Pki.From(newest) + Pki.Backdated;
        if (rotation is null) return made + Use.Spreads;
        var known = made + Use.SpreadsOnRequest;
        return Use.ServesOldToTheEnd && rotation.EndsAt > known ? rotation.EndsAt : known;
    }

    private DateTimeOffset EndOfOld(X509Certificate2 newest, X509Certificate2 leaf, KeyRotation? rotation)
    {
        if (rotation is null) return Pki.From(newest) + Pki.LeafLife;

        // One that was made right after its authority begins with it.
        var served = Pki.From(leaf) + Pki.Backdated + Use.SpreadsOnRequest;
        return rotation.EndsAt > served ? rotation.EndsAt : served;
    }

    private static string Join(params IEnumerable<string> pems) => string.Concat(pems.Select(pem => pem.TrimEnd() + "\n"));
}
