using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Operator.Certificates;

namespace BreakGlass.Operator.Rotation;

/// <summary>
/// Has new certificates issued for active grants whose certificate is by an old authority of the gateway: it deletes the Secret that each was delivered with,
/// and the grant's reconciler makes it again. The gateway accepts only the certificate that the status records, so the old one is refused from then on.
/// </summary>
internal sealed class GatewayRenewal(KubeClient client, ClusterCaches caches)
{
    /// <summary>Deletes what is by an old authority.</summary>
    /// <returns>How many grants have no certificate by the new authority yet.</returns>
    public async Task<int> RenewAsync(ManagedCertificates certificates, CancellationToken cancellationToken)
    {
        var newest = certificates.Signers()[0];
        var left = 0;
        foreach (var grant in caches.LiveGrants)
        {
            if (grant.Status is not { Phase: GrantPhase.Active, Path: SessionPath.Gateway, Gateway.Certificate: { } certificate }
                || IsSignedBy(certificate, newest)) continue;
            left++;
            if (caches.ObjectsOf(grant.Metadata.Name).OfType<SecretMetadata>().FirstOrDefault(
                s => Ownership.IsOf(grant, s) && GrantObjects.IsDelivered(s, certificate)) is not { } secret) continue;
            await client.DeleteOrHoldAsync(secret, cancellationToken);
        }

        return left;
    }

    private static bool IsSignedBy(string pem, X509Certificate2 authority)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            return Pki.IsSignedBy(certificate, authority);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
