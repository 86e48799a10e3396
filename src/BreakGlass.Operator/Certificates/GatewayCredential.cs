namespace BreakGlass.Operator.Certificates;

/// <summary>What was issued for a grant that goes through the gateway. The text form never shows the key.</summary>
/// <param name="Access">The gateway, and the certificate.</param>
/// <param name="NotAfter">When the certificate ends.</param>
/// <param name="KeyPem">Its private key; null if the requester has it.</param>
internal sealed record GatewayCredential(GatewayAccess Access, DateTimeOffset NotAfter, string? KeyPem)
{
    /// <inheritdoc/>
    public override string ToString() => nameof(GatewayCredential);
}
