using BreakGlass.Core.Credentials;
using BreakGlass.Core.Sessions;

namespace BreakGlass.Operator.Certificates;

/// <summary>What an authority that the operator manages is for. The two uses share no key: what one authority signs, clients of the other do not trust.
/// </summary>
/// <param name="SecretName">The Secret, in the operator's namespace.</param>
/// <param name="Authority">How the authority's name begins.</param>
/// <param name="Leaf">The name of the serving certificate.</param>
/// <param name="AuthorityLife">How long an authority lasts.</param>
/// <param name="Spreads">How long a new authority is only trusted before it signs what is served, so that every client has it.</param>
/// <param name="SpreadsOnRequest">The same, and how long the new certificate is served before the old authority is dropped, in a rotation on request.</param>
/// <param name="Identity">The URI by which the holder of the certificate is known as a client, too; null for a certificate of a server alone.</param>
internal sealed record CertificateUse(
    string SecretName, string Authority, string Leaf, TimeSpan AuthorityLife, TimeSpan Spreads, TimeSpan SpreadsOnRequest, string? Identity = null)
{
    /// <summary>
    /// Of the admission webhooks. The API server is the only client: it knows a new bundle within a second, and every replica reads the Secret every 10 s.
    /// </summary>
    public static readonly CertificateUse Webhook =
        new("breakglass-webhook-tls", "breakglass-operator webhook CA", "breakglass-operator-webhook", TimeSpan.FromDays(365), TimeSpan.FromMinutes(2),
            TimeSpan.FromSeconds(25));

    /// <summary>
    /// Of the gateway, whose authority signs the certificates of its clients as well. A kubeconfig contains the authorities of the time when it was made, and
    /// no grant lasts for a day. A kubelet brings what is new in the Secret to the gateway within two minutes.
    /// </summary>
    public static readonly CertificateUse Gateway =
        new("breakglass-gateway-tls", "breakglass-operator gateway CA", GatewayAuthority.ServiceName, TimeSpan.FromDays(3650), TimeSpan.FromHours(24),
            TimeSpan.FromSeconds(150), GatewayIdentity.Uri) { ServesOldToTheEnd = true };

    /// <summary>
    /// Whether clients keep the authorities that they were given: then a planned rotation serves the old certificate until the overlap is over.
    /// </summary>
    public bool ServesOldToTheEnd { get; init; }

    /// <summary>Of what the operator serves to the gateway: signed by the gateway's authority, in no Secret, and no client of anything.</summary>
    public static readonly CertificateUse Reports = Gateway with { Leaf = GatewayReports.ServiceName, Identity = null };
}
