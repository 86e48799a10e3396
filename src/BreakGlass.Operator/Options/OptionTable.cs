using BreakGlass.Operator.Journal;
using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Sessions;

namespace BreakGlass.Operator.Options;

/// <summary>
/// Every option, once: the parser, the help and the tests read this table. It is short enough that a command-line library
/// would be more code than it saves: the same rows, plus the environment, which the library does not read.
/// </summary>
internal static class OptionTable
{
    public static IReadOnlyList<Option> All { get; } =
    [
        Row<string>("namespace", "NAME", "The namespace of the operator",
            OptionReaders.Namespace, (o, v) => o with { Namespace = v }, o => o.Namespace),
        Row<string>("grants-namespace", "NAME", "The namespace of the grants' identities and credentials",
            OptionReaders.Namespace, (o, v) => o with { GrantsNamespace = v }, o => o.GrantsNamespace),
        Row<IReadOnlyList<string>>("protected-namespaces", "NAMES",
            "Comma-separated namespaces that policies' selectors never select, in addition to kube-system, kube-public and kube-node-lease",
            OptionReaders.Namespaces, (o, v) => o with { ProtectedNamespaces = v }, o => string.Join(',', o.ProtectedNamespaces)),
        Row<bool>("look-for-leftovers", null, "After a grant's end, look for objects that its identity created and that still exist",
            OptionReaders.Bool, (o, v) => o with { LookForLeftovers = v }, o => Show(o.LookForLeftovers)),
        Row<bool>("list-workloads", null,
            "Include workloads in that search; requires the right to list them (the component leftovers-look, leftovers.look in the chart)",
            OptionReaders.Bool, (o, v) => o with { ListWorkloads = v }, o => Show(o.ListWorkloads)),
        Row<bool>("trust-requester", null,
            "Trust spec.requester without admission's stamp. For tests only: everybody who can create grants can then name any requester",
            OptionReaders.Bool, (o, v) => o with { TrustRequester = v }, o => Show(o.TrustRequester)),
        Row<string>("kubeconfig", "FILE", "The kubeconfig; by default $KUBECONFIG, ~/.kube/config, or the pod's service account",
            OptionReaders.Text, (o, v) => o with { Kubeconfig = v }, o => o.Kubeconfig ?? "") with { Variable = null },
        Row<string>("context", "NAME", "The kubeconfig's context; by default its current context",
            OptionReaders.Text, (o, v) => o with { Context = v }, o => o.Context ?? ""),
        Row<ListenAddress>("http-address", "HOST:PORT", "The address for /metrics, /healthz and /readyz; no host means all interfaces",
            OptionReaders.Listen, (o, v) => o with { HttpAddress = v }, o => o.HttpAddress.ToString()),
        Row<bool>("webhook", null, "Serve the admission webhooks, which stamp and seal requesters. Without them, only --trust-requester gives access",
            OptionReaders.Bool, (o, v) => o with { Webhook = v }, o => Show(o.Webhook)),
        Row<ListenAddress>("webhook-address", "HOST:PORT", "The address for the admission webhooks (TLS); no host means all interfaces",
            OptionReaders.Listen, (o, v) => o with { WebhookAddress = v }, o => o.WebhookAddress.ToString()),
        Row<int>("webhook-memory", "MIB", "The memory in MiB that all requests to the webhooks may use together; requests beyond it are answered with 429",
            OptionReaders.Mebibytes, (o, v) => o with { WebhookMemory = v }, o => $"{o.WebhookMemory}"),
        Row<string>("webhook-cert-dir", "DIR",
            "A directory with tls.crt and tls.key for the webhooks, reloaded every 10 s; by default the operator manages its own certificate",
            OptionReaders.Text, (o, v) => o with { WebhookCertDir = v }, o => o.WebhookCertDir ?? ""),
        Row<string>("webhook-client-ca", "FILE",
            "Accept only callers of the webhooks with a client certificate of these authorities (PEM; reloaded when the file changes)",
            OptionReaders.CertificateFile, (o, v) => o with { WebhookClientCa = v }, o => o.WebhookClientCa ?? ""),
        Row<IReadOnlyList<string>>(
            "webhook-extra-names", "NAMES", "Comma-separated names or IP addresses for the managed certificate, in addition to the Service's",
            OptionReaders.Names, (o, v) => o with { WebhookExtraNames = v }, o => string.Join(',', o.WebhookExtraNames)),
        Row<IReadOnlyList<string>>(
            "stamp-extra", "KEYS", "Comma-separated keys of userInfo.extra to keep in the record, in addition to those in a policy's requireClaims",
            OptionReaders.ClaimKeys, (o, v) => o with { StampExtra = v }, o => string.Join(',', o.StampExtra)),
        Row<IReadOnlyList<string>>("person-claims", "KEYS",
            "Comma-separated keys of userInfo.extra that identify a person across user names, for example an employee number; kept in the record",
            OptionReaders.ClaimKeys, (o, v) => o with { PersonClaims = v }, o => string.Join(',', o.PersonClaims)),
        Row<bool>("leader-elect", null, "Use a lease, so that only one of several replicas acts",
            OptionReaders.Bool, (o, v) => o with { LeaderElect = v }, o => Show(o.LeaderElect)),
        Row<TimeSpan>("lease-duration", "DURATION", "How long other replicas wait before they replace a leader that does not renew",
            OptionReaders.WholeSeconds, (o, v) => o with { LeaseDuration = v }, o => GoDuration.Format(o.LeaseDuration)),
        Row<TimeSpan>("renew-deadline", "DURATION", "How long the leader tries to renew before it stops leading; less than the lease duration",
            OptionReaders.Duration, (o, v) => o with { RenewDeadline = v }, o => GoDuration.Format(o.RenewDeadline)),
        Row<TimeSpan>("retry-period", "DURATION", "The time between two attempts; 1.2 times this must be less than the renew deadline",
            OptionReaders.Duration, (o, v) => o with { RetryPeriod = v }, o => GoDuration.Format(o.RetryPeriod)),
        Row<int>("revocation-workers", "N", "How many revocations run at the same time",
            OptionReaders.WorkerCount, (o, v) => o with { RevocationWorkers = v }, o => $"{o.RevocationWorkers}"),
        Row<int>("workers", "N", "How many other reconciliations run at the same time",
            OptionReaders.WorkerCount, (o, v) => o with { Workers = v }, o => $"{o.Workers}"),
        Row<TimeSpan>("resync", "DURATION", "How often all objects are reconciled again; 0 for never",
            OptionReaders.DurationOrNever, (o, v) => o with { Resync = v }, o => GoDuration.Format(o.Resync)),
        Row<LogLevel>("log-level", "LEVEL", "trace, debug, info, warning, error or critical",
            OptionReaders.Level, (o, v) => o with { LogLevel = v }, o => Show(o.LogLevel)),
        Row<Uri>("otlp-endpoint", "URL", "An OTLP collector that also receives the metrics",
            OptionReaders.HttpUrl, (o, v) => o with { OtlpEndpoint = v },
            o => o.OtlpEndpoint?.OriginalString ?? "") with { Variable = "OTEL_EXPORTER_OTLP_ENDPOINT" },
        Row<Uri>("public-server", "URL", "The API server's address in delivered kubeconfigs; by default the operator's own",
            OptionReaders.HttpsUrl, (o, v) => o with { PublicServer = v }, o => o.PublicServer?.OriginalString ?? ""),
        Row<string>("public-ca-file", "FILE", "The CA in delivered kubeconfigs (PEM); by default the operator's own",
            OptionReaders.CertificateFile, (o, v) => o with { PublicCaFile = v }, o => o.PublicCaFile ?? ""),
        Row<string>("cluster-name", "NAME", "The cluster's name in delivered kubeconfigs and notifications",
            OptionReaders.Text, (o, v) => o with { ClusterName = v }, o => o.ClusterName),
        Row<NotificationSettings>("notifications-file", "FILE",
            "A YAML or JSON file with the receivers of notifications (activations, denials, late reviews and others), usually from a Secret",
            NotificationFile.Read, (o, v) => o with { Notifications = v }, o => o.Notifications.File ?? ""),
        Row<string>("journal-directory", "DIR", "A directory for the journal, which replicas share; without it there is no journal",
            OptionReaders.Text, (o, v) => o with { JournalDirectory = v }, o => o.JournalDirectory ?? ""),
        Row<JournalKeyFile>("journal-key", "FILE", "The file with the key that signs the journal, usually from a Secret; required with a journal",
            JournalKeyFile.Read, (o, v) => o with { JournalKey = v }, o => o.JournalKey?.Path ?? ""),
        Row<JournalMode>("journal-default", "MODE",
            "BestEffort or Required: whether access waits for the journal if a policy does not set spec.journal",
            OptionReaders.Journal, (o, v) => o with { JournalDefault = v }, o => $"{o.JournalDefault}"),
        Row<ListenAddress>("audit-listen", "HOST:PORT",
            "The address for the API server's audit events (TLS, path /audit), which show what is done with each grant; off by default",
            OptionReaders.Listen, (o, v) => o with { AuditAddress = v }, o => o.AuditAddress?.ToString() ?? ""),
        Row<string>("audit-client-ca", "FILE",
            "Accept audit events from callers with a client certificate of these authorities (PEM; reloaded when the file changes)",
            OptionReaders.CertificateFile, (o, v) => o with { AuditClientCa = v }, o => o.AuditClientCa ?? ""),
        Row<string>("audit-token-file", "FILE", "Accept audit events from callers with the bearer token in this file (reloaded when the file changes)",
            AuditToken.Check, (o, v) => o with { AuditTokenFile = v }, o => o.AuditTokenFile ?? ""),
        Row<string>("file", "FILE", "forward-audit: the audit log of the API server (--audit-log-path), with one event per line",
            OptionReaders.Text, (o, v) => o with { File = v }, o => o.File ?? ""),
        Row<Uri>("to", "URL", "forward-audit: where the operator receives audit events, for example https://10.96.12.34/audit",
            OptionReaders.HttpsUrl, (o, v) => o with { To = v }, o => o.To?.OriginalString ?? ""),
        Row<string>("to-ca", "FILE", "forward-audit: the CA of that address (PEM); by default those of the machine",
            OptionReaders.CertificateFile, (o, v) => o with { ToCa = v }, o => o.ToCa ?? ""),
        Row<string>("to-name", "NAME", "forward-audit: the name in the certificate of that address, if it is not the address's own",
            OptionReaders.Text, (o, v) => o with { ToName = v }, o => o.ToName ?? ""),
        Row<string>("position-file", "FILE", "forward-audit: where it keeps how far it has read",
            OptionReaders.Text, (o, v) => o with { PositionFile = v }, o => o.PositionFile ?? ""),
        Row<JournalSinkSettings>("journal-sinks", "FILE",
            "A YAML or JSON file with the sinks that get copies of the journal's entries, usually from a Secret; requires a journal",
            SinkFile.Read, (o, v) => o with { JournalSinks = v }, o => o.JournalSinks.File ?? ""),
    ];

    private static Option Row<T>(
        string name, string? value, string help, OptionReader<T> read, Func<OperatorOptions, T, OperatorOptions> set, Func<OperatorOptions, string> show) =>
        new(
            name,
            "BREAKGLASS_" + name.ToUpperInvariant().Replace('-', '_'),
            value,
            help,
            show,
            (options, text) => read(text, out var parsed) is { } problem ? (options, problem) : (set(options, parsed), null));

    private static string Show(bool value) => value ? "true" : "false";

    private static string Show(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
