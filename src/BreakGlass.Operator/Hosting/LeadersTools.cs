using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Options;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Hosting;

/// <summary>What every term shares with the rest of the operator.</summary>
internal sealed record LeadersTools(
    KubeClient Client, OperatorOptions Options, CoreSettings Settings, ClusterCaches Caches, SealKeyring Seals, CredentialVault Vault, PublicCluster Cluster,
    GatewayAuthority? Gateway, Announcer Announcer,
    OperatorMetrics Metrics, UnconfirmedStatuses Unconfirmed, SteadyClock Time, ILoggerFactory Logs, AuditPulse? Pulse, AuditPulse? GatewayPulse,
    Notifier? Notifier = null);
