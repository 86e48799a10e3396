using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Certificates;

/// <summary>
/// The authority of the gateway: it signs the certificates of the gateway's clients, one for each grant, without a request to any server. It is kept in a
/// Secret of the operator's namespace, together with the certificate that the gateway serves. It also signs what the operator itself serves to the gateway.
/// </summary>
internal sealed class GatewayAuthority
{
    /// <summary>The Service in front of the gateway.</summary>
    public const string ServiceName = "breakglass-gateway";

    private readonly Uri _url;
    private readonly string? _ownAuthorities;
    private readonly CertificateSecret _secret;
    private readonly IReadOnlyList<string> _ownNames;
    private readonly ServedCertificate _own;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile ManagedCertificates? _certificates;
    private volatile X509Certificate2Collection _authorities = [];
    private volatile string _problem;

    /// <param name="client">Client.</param>
    /// <param name="ns">The operator's namespace.</param>
    /// <param name="url">The gateway's address for people.</param>
    /// <param name="ownAuthorities">The authorities of the certificate that the gateway serves (PEM); null for the managed one.</param>
    /// <param name="extraNames">Further names in the managed certificate.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public GatewayAuthority(
        KubeClient client, string ns, Uri url, string? ownAuthorities, IReadOnlyList<string> extraNames, TimeProvider time, ILogger logger)
    {
        (_url, _ownAuthorities, _time, _logger) = (url, ownAuthorities, time, logger);
        _secret = new(client, ns, CertificateUse.Gateway, NamesOf(url, ns, extraNames), time);
        _ownNames = OwnNamesOf(ns);
        _own = new(logger);
        _problem = $"It has not read {_secret.Place} yet";
    }

    /// <summary>The names of the certificate that the gateway serves.</summary>
    public static IReadOnlyList<string> NamesOf(Uri url, string ns, IReadOnlyList<string> extra) =>
        [.. new[] { url.IdnHost, $"{ServiceName}.{ns}.svc" }.Concat(extra).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>The names by which the gateway finds the operator.</summary>
    public static IReadOnlyList<string> OwnNamesOf(string ns) =>
        [$"{GatewayReports.ServiceName}.{ns}.svc", $"{GatewayReports.ServiceName}.{ns}.svc.cluster.local"];

    /// <summary>What the operator serves to the gateway; null if there is nothing yet. Its key is in the memory of this process alone.</summary>
    public SslStreamCertificateContext? OwnCertificate => _own.Context;

    /// <summary>Who signs the certificates of the gateway and of its clients.</summary>
    public X509Certificate2Collection Authorities => _authorities;

    /// <summary>Keeps the authority and the certificate until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _time.EveryAsync(CertificateSecret.Period, atOnce: true, RoundAsync, cancellationToken);

    /// <summary>Reads, and renews what is due. What fails is logged and tried again in the next round; what was read before goes on to sign.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The gateway reads the Secret on its own, and kubeconfigs that were made before keep what they have: nothing can be waited for here.
            await _secret.RoundAsync((certificates, _) => Task.FromResult(Take(certificates)), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _problem = $"It could not read or create {_secret.Place}: {e.Message.TrimEnd('.')}";
            _logger.GatewayAuthorityTrouble(e);
        }
    }

    /// <summary>Issues the certificate of a grant: for its recipient's key, else for a new one.</summary>
    /// <param name="grant">The grant.</param>
    /// <param name="until">When it ends; a certificate has whole seconds, and ends with the one that has begun.</param>
    /// <param name="problem">Why there is no certificate yet, in a sentence.</param>
    /// <returns>The certificate; null if the authority is not there yet.</returns>
    public GatewayCredential? Issue(BreakGlassGrant grant, DateTimeOffset until, out string problem)
    {
        problem = _problem;
        if (_certificates is not { } certificates) return null;
        using var own = grant.Spec.RecipientKey is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var names = new GrantCertificate(grant.Metadata.Name, grant.Metadata.Uid!);
        var now = _time.GetUtcNow();
        var from = (grant.Status.ActivatedAt < now ? grant.Status.ActivatedAt.Value : now) - Pki.Backdated;
        var key = own?.ExportSubjectPublicKeyInfo() ?? KeyOf(grant.Spec.RecipientKey!);
        using var certificate = Pki.NewClient(certificates.Authority, names, key, from, until);
        var access = new GatewayAccess
        {
            Server = _url.OriginalString.TrimEnd('/'),
            CaBundle = _ownAuthorities ?? certificates.Bundle,
            Certificate = certificate.ExportCertificatePem(),
        };
        return new(access, Pki.Until(certificate), own?.ExportPkcs8PrivateKeyPem());
    }

    private bool Take(ManagedCertificates certificates)
    {
        if (_certificates?.Bundle != certificates.Bundle)
        {
            _logger.GatewayAuthorityRead(_secret.Place, certificates.AuthorityUntil);
            _authorities = certificates.Signers();
        }

        _certificates = certificates;
        ServeOwn(certificates);
        return true;
    }

    /// <summary>A certificate of the authority before is served as long as it is trusted: the gateway reads a new authority up to two minutes later.</summary>
    private void ServeOwn(ManagedCertificates certificates)
    {
        var now = _time.GetUtcNow();
        if (_own.Context?.TargetCertificate is { } served && now >= Pki.From(served) && now < Pki.RenewAt(served)
            && _authorities.Any(signer => Pki.IsSignedBy(served, signer))) return;
        _own.Serve(Pki.NewLeaf(certificates.Authority, _ownNames, now, CertificateUse.Reports), $"for reports of the gateway, signed by {_secret.Place}");
    }

    private static byte[] KeyOf(JsonWebKey jwk) =>
        RecipientKey.TryParse(jwk, out var key, out var error) ? key.SubjectPublicKeyInfo() : throw new InvalidOperationException(error);
}
