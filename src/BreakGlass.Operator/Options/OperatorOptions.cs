using System.Net;
using BreakGlass.Operator.Notifications;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BreakGlass.Operator.Options;

/// <summary>What the process was asked to do.</summary>
internal enum OperatorCommand
{
    /// <summary>Run the operator until it is stopped.</summary>
    Run,

    /// <summary>End whatever is past its expiry once, and exit.</summary>
    Reap,

    /// <summary>End every grant and whatever is left of access, and exit: for an uninstall.</summary>
    RevokeAll,

    /// <summary>Print the version and exit.</summary>
    Version,

    /// <summary>Print the options and exit.</summary>
    Help,
}

/// <summary>
/// The operator's settings, from flags and environment variables (a flag wins), checked as a whole before anything starts.
/// None of them shows a secret when it is printed, so all of them may be logged. <see cref="OptionTable"/> holds their names and meanings.
/// </summary>
internal sealed record OperatorOptions
{
    /// <summary>What to do.</summary>
    public OperatorCommand Command { get; init; } = OperatorCommand.Run;

    /// <summary>The namespace the operator lives in: its lease and its own secrets.</summary>
    public string Namespace { get; init; } = "breakglass-system";

    /// <summary>The namespace of the grants' identities and credentials.</summary>
    public string GrantsNamespace { get; init; } = "breakglass-grants";

    /// <summary>Namespaces that no selector of a policy selects, beside those of the control plane.</summary>
    public IReadOnlyList<string> ProtectedNamespaces { get; init; } = [];

    /// <summary>Whether to look for what grants leave behind, and as whom they could act.</summary>
    public bool LookForLeftovers { get; init; } = true;

    /// <summary>Whether to look for workloads among the leftovers too. The right to list them is not among the operator's usual ones.</summary>
    public bool ListWorkloads { get; init; }

    /// <summary>Take <c>spec.requester</c> as written, with no admission stamp. Anybody who may create grants can then be anybody.</summary>
    public bool TrustRequester { get; init; }

    /// <summary>A kubeconfig file; null for kubectl's own rules (KUBECONFIG, ~/.kube/config), then the pod's service account.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The kubeconfig's context; null for its current one.</summary>
    public string? Context { get; init; }

    /// <summary>Where metrics and health are served.</summary>
    public ListenAddress HttpAddress { get; init; } = new(null, 8080);

    /// <summary>Serve the admission webhooks. Without them nothing proves who asks.</summary>
    public bool Webhook { get; init; } = true;

    /// <summary>Where the webhooks are served, over TLS.</summary>
    public ListenAddress WebhookAddress { get; init; } = new(null, 9443);

    /// <summary>A file with the authorities of the client certificates that callers of the webhooks must have, PEM; null where none is asked for.</summary>
    public string? WebhookClientCa { get; init; }

    /// <summary>How much memory the webhooks' requests may take together, in MiB.</summary>
    public int WebhookMemory { get; init; } = 32;

    /// <summary>A directory with tls.crt and tls.key of the webhooks, written by others; null for a certificate that the operator manages itself.</summary>
    public string? WebhookCertDir { get; init; }

    /// <summary>Names or IP addresses beside the Service's that the managed certificate is for.</summary>
    public IReadOnlyList<string> WebhookExtraNames { get; init; } = [];

    /// <summary>Keys of a caller's extra that are stamped beside those that policies ask for.</summary>
    public IReadOnlyList<string> StampExtra { get; init; } = [];

    /// <summary>Keys of a caller's extra by which two user names are one person.</summary>
    public IReadOnlyList<string> PersonClaims { get; init; } = [];

    /// <summary>Wait for a lease, so that only one of several replicas acts.</summary>
    public bool LeaderElect { get; init; } = true;

    /// <summary>How long others wait for a leader that is silent.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a leader tries to renew before it gives up.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time between two tries.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many grants are revoked at the same time, on workers that do nothing else.</summary>
    public int RevocationWorkers { get; init; } = 32;

    /// <summary>How many grants are looked at at the same time otherwise.</summary>
    public int Workers { get; init; } = 32;

    /// <summary>How often everything known is looked at again without a reason; zero for never.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The least serious log entries that are written.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>An OTLP collector that gets the metrics too; null for none.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>The API server's address in delivered kubeconfigs; null for the one the operator itself uses.</summary>
    public Uri? PublicServer { get; init; }

    /// <summary>A file of PEM certificates that delivered kubeconfigs trust; null for the CA the operator itself trusts.</summary>
    public string? PublicCaFile { get; init; }

    /// <summary>The name of the cluster in delivered kubeconfigs and notifications.</summary>
    public string ClusterName { get; init; } = "kubernetes";

    /// <summary>Who is told of what happens, read from a file.</summary>
    public NotificationSettings Notifications { get; init; } = NotificationSettings.None;

    /// <summary>
    /// Whether seal keys are needed. Somebody who trusts manifests as written and serves no webhooks has no use for them, and may lack the rights to them.
    /// </summary>
    public bool UsesSeals => Webhook || !TrustRequester;
}

/// <summary>An address to listen on.</summary>
/// <param name="Address">The interface; null for all of them, IPv4 and IPv6.</param>
/// <param name="Port">The port; 0 for any free one.</param>
internal sealed record ListenAddress(IPAddress? Address, int Port)
{
    /// <summary>Makes Kestrel listen here, by HTTP/1 and without TLS.</summary>
    public void Listen(KestrelServerOptions server)
    {
        if (Address is null) server.ListenAnyIP(Port);
        else server.Listen(Address, Port);
    }

    /// <summary>The form of the option: <c>:8080</c>, <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>.</summary>
    public override string ToString() => Address is null ? $":{Port}" : new IPEndPoint(Address, Port).ToString();
}
