using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Notifications;

namespace BreakGlass.Operator.Options;

/// <summary>
/// The operator's settings, from flags and environment variables (a flag wins), checked as a whole before anything starts.
/// None of them shows a secret when it is printed, so all of them may be logged. <see cref="OptionTable"/> holds their names and meanings.
/// </summary>
internal sealed record OperatorOptions
{
    /// <summary>The port at which the gateway reports, unless an option says another one.</summary>
    public const int ReportsPort = 9446;

    public OperatorCommand Command { get; init; } = OperatorCommand.Run;

    public string Namespace { get; init; } = "breakglass-system";

    public string GrantsNamespace { get; init; } = "breakglass-grants";

    public IReadOnlyList<string> ProtectedNamespaces { get; init; } = [];

    public bool LookForLeftovers { get; init; } = true;

    public bool ListWorkloads { get; init; }

    public bool TrustRequester { get; init; }

    public string? Kubeconfig { get; init; }

    public string? Context { get; init; }

    public ListenAddress HttpAddress { get; init; } = new(null, 8080);

    public bool Webhook { get; init; } = true;

    public ListenAddress WebhookAddress { get; init; } = new(null, 9443);

    public string? WebhookClientCa { get; init; }

    public int WebhookMemory { get; init; } = 32;

    public string? WebhookCertDir { get; init; }

    public IReadOnlyList<string> WebhookExtraNames { get; init; } = [];

    public IReadOnlyList<string> StampExtra { get; init; } = [];

    public IReadOnlyList<string> PersonClaims { get; init; } = [];

    public bool LeaderElect { get; init; } = true;

    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    public int RevocationWorkers { get; init; } = 32;

    public int Workers { get; init; } = 32;

    public TimeSpan Resync { get; init; } = TimeSpan.FromMinutes(10);

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public Uri? OtlpEndpoint { get; init; }

    public Uri? PublicServer { get; init; }

    public string? PublicCaFile { get; init; }

    public string ClusterName { get; init; } = "kubernetes";

    /// <summary>The gateway's address in delivered kubeconfigs; null for no gateway.</summary>
    public Uri? GatewayUrl { get; init; }

    /// <summary>The authorities of the certificate that the gateway serves; null for the managed one.</summary>
    public string? GatewayCaFile { get; init; }

    /// <summary>Further names in the managed certificate of the gateway.</summary>
    public IReadOnlyList<string> GatewayExtraNames { get; init; } = [];

    /// <summary>Where the gateway reports what it forwards, if there is a gateway.</summary>
    public ListenAddress GatewayReportsAddress { get; init; } = new(null, ReportsPort);

    public NotificationSettings Notifications { get; init; } = NotificationSettings.None;

    /// <summary>The directory of the journal; null for no journal.</summary>
    public string? JournalDirectory { get; init; }

    /// <summary>The bucket of the journal; null for none.</summary>
    public string? JournalBucket { get; init; }

    /// <summary>What the names of the journal's files in the bucket begin with; null for nothing.</summary>
    public string? JournalBucketPrefix { get; init; }

    /// <summary>The S3-compatible service; null for that of AWS.</summary>
    public Uri? JournalBucketEndpoint { get; init; }

    /// <summary>The region of the bucket.</summary>
    public string? JournalBucketRegion { get; init; }

    /// <summary>Whether the bucket's name is in the path of requests.</summary>
    public bool JournalBucketPathStyle { get; init; }

    /// <summary>How long Object Lock keeps the journal's files; zero for what the bucket does by default.</summary>
    public TimeSpan JournalBucketRetention { get; init; }

    /// <summary>Whether nobody can shorten that.</summary>
    public bool JournalBucketCompliance { get; init; }

    /// <summary>The key that signs the journal; null for no journal.</summary>
    public JournalKeyFile? JournalKey { get; init; }

    /// <summary>Whether a journal is written.</summary>
    public bool HasJournal => (JournalDirectory ?? JournalBucket) is not null;

    /// <summary>Whether access waits for the journal if a policy does not say.</summary>
    public JournalMode JournalDefault { get; init; }

    /// <summary>Where audit events are received; null for nowhere.</summary>
    public ListenAddress? AuditAddress { get; init; }

    /// <summary>The authorities of the client certificates of those who send audit events; null if a certificate is not enough.</summary>
    public string? AuditClientCa { get; init; }

    /// <summary>The log that is forwarded.</summary>
    public string? File { get; init; }

    /// <summary>Where it is forwarded to.</summary>
    public Uri? To { get; init; }

    /// <summary>The authorities of that address; null for those of the machine.</summary>
    public string? ToCa { get; init; }

    /// <summary>The name in the certificate of that address; null for the address itself.</summary>
    public string? ToName { get; init; }

    /// <summary>Where it is kept how far the log was forwarded.</summary>
    public string? PositionFile { get; init; }

    /// <summary>The file with the token of those who send audit events; null if a token is not enough.</summary>
    public string? AuditTokenFile { get; init; }

    /// <summary>Where copies of the journal go to.</summary>
    public JournalSinkSettings JournalSinks { get; init; } = JournalSinkSettings.None;

    /// <summary>Where the journal is served over HTTPS; null for nowhere.</summary>
    public ListenAddress? JournalListen { get; init; }

    /// <summary>The file with the token of those who read the journal over HTTPS.</summary>
    public string? JournalTokenFile { get; init; }

    /// <summary>Where the gateway is served.</summary>
    public ListenAddress GatewayAddress { get; init; } = new(null, 8443);

    /// <summary>The directory with tls.crt, tls.key and ca.crt of the gateway; null if there is none.</summary>
    public string? GatewayCertDir { get; init; }

    /// <summary>How long the API server may be silent before the gateway admits nothing new.</summary>
    public TimeSpan StalenessLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the gateway reports to; null for the operator's Service.</summary>
    public Uri? ReportsUrl { get; init; }

    /// <summary>
    /// Whether seal keys are needed. Somebody who trusts manifests as written and serves no webhooks has no use for them, and may lack the rights to them.
    /// </summary>
    public bool UsesSeals => Webhook || !TrustRequester;
}
