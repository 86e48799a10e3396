namespace BreakGlass.Operator.Certificates;

/// <summary>What an authority that the operator manages is for. The two uses share no key: what one authority signs, clients of the other do not trust.
/// </summary>
/// <param name="SecretName">The Secret, in the operator's namespace.</param>
/// <param name="Authority">How the authority's name begins.</param>
/// <param name="Leaf">The name of the serving certificate.</param>
/// <param name="AuthorityLife">How long an authority lasts.</param>
/// <param name="Spreads">How long a new authority is only trusted before it signs what is served, so that every client has it.</param>
internal sealed record CertificateUse(string SecretName, string Authority, string Leaf, TimeSpan AuthorityLife, TimeSpan Spreads)
{
    /// <summary>Of the admission webhooks. The API server is the only client.</summary>
    public static readonly CertificateUse Webhook =
        new("breakglass-webhook-tls", "breakglass-operator webhook CA", "breakglass-operator-webhook", TimeSpan.FromDays(365), TimeSpan.FromMinutes(2));

    /// <summary>
    /// Of the gateway, whose authority signs the certificates of its clients as well. A kubeconfig contains the authorities of the time when it was made, and
    /// no grant lasts for a day.
    /// </summary>
    public static readonly CertificateUse Gateway =
        new("breakglass-gateway-tls", "breakglass-operator gateway CA", GatewayAuthority.ServiceName, TimeSpan.FromDays(3650), TimeSpan.FromHours(24));
}
