using TestKit;

namespace Integration.Gateway;

/// <summary>The gateway, and an API server that posts its own audit events to the operator.</summary>
public sealed class AuditedGateway : GatewayCluster
{
    private readonly int _port = Ports.Free();

    /// <inheritdoc/>
    protected override int? AuditPort => _port;

    private protected override Task<string[]> OptionsAsync(TestCluster cluster) => Task.FromResult<string[]>(
    [
        "--webhook=true", $"--webhook-address=127.0.0.1:{Ports.Free()}", $"--webhook-cert-dir={cluster.ControlPlane.WebhookCertificate}",
        $"--audit-listen=127.0.0.1:{_port}", $"--audit-token-file={cluster.ControlPlane.AuditToken}",
    ]);
}
