using BreakGlass.Core;
using BreakGlass.Operator.Notifications;

namespace BreakGlass.Operator.Options;

/// <summary>One option: its names, its meaning, and how it gets into <see cref="OperatorOptions"/>.</summary>
/// <param name="Name">The flag without the two hyphens.</param>
/// <param name="Variable">The environment variable; null where there is none.</param>
/// <param name="Value">What stands for the value in the help; null for a switch, which may stand alone.</param>
/// <param name="Help">What it is for, one line.</param>
/// <param name="Show">The value as the option would be written; empty where it is not set.</param>
/// <param name="Read">The options with the text read into them, or the end of the sentence that says what is wrong.</param>
internal sealed record Option(
    string Name,
    string? Variable,
    string? Value,
    string Help,
    Func<OperatorOptions, string> Show,
    Func<OperatorOptions, string, (OperatorOptions Options, string? Problem)> Read)
{
    /// <summary>Both names, for messages.</summary>
    public string Names => Variable is null ? $"--{Name}" : $"--{Name} ({Variable})";
}

/// <summary>
/// Every option, once: the parser, the help and the tests read this table. It is short enough that a command-line library
/// would be more code than it saves: the same rows, plus the environment, which the library does not read.
/// </summary>
internal static class OptionTable
{
    /// <summary>All options in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } =
    [
        Row<string>("namespace", "NAME", "The namespace the operator lives in",
            OptionReaders.Namespace, (o, v) => o with { Namespace = v }, o => o.Namespace),
        Row<string>("grants-namespace", "NAME", "The namespace of the grants' identities and credentials",
            OptionReaders.Namespace, (o, v) => o with { GrantsNamespace = v }, o => o.GrantsNamespace),
        Row<IReadOnlyList<string>>("protected-namespaces", "NAMES", "Namespaces that no selector of a policy selects, beside kube-system, kube-public and kube-node-lease, with commas between",
            OptionReaders.Namespaces, (o, v) => o with { ProtectedNamespaces = v }, o => string.Join(',', o.ProtectedNamespaces)),
        Row<bool>("look-for-leftovers", null, "Look, once a grant is over, for what its identity created and is still there",
            OptionReaders.Bool, (o, v) => o with { LookForLeftovers = v }, o => Show(o.LookForLeftovers)),
        Row<bool>("list-workloads", null, "Look for workloads among the leftovers too; needs the right to list them (the component leftovers-look, leftovers.look in the chart)",
            OptionReaders.Bool, (o, v) => o with { ListWorkloads = v }, o => Show(o.ListWorkloads)),
        Row<bool>("trust-requester", null, "Believe spec.requester without admission's stamp. For trying things out only: with it, whoever may create grants can be anybody",
            OptionReaders.Bool, (o, v) => o with { TrustRequester = v }, o => Show(o.TrustRequester)),
        Row<string>("kubeconfig", "FILE", "The kubeconfig; else $KUBECONFIG, ~/.kube/config, or the pod's service account",
            OptionReaders.Text, (o, v) => o with { Kubeconfig = v }, o => o.Kubeconfig ?? "") with { Variable = null },
        Row<string>("context", "NAME", "The kubeconfig's context; else its current one",
            OptionReaders.Text, (o, v) => o with { Context = v }, o => o.Context ?? ""),
        Row<ListenAddress>("http-address", "HOST:PORT", "Where /metrics, /healthz and /readyz are served; no host means all interfaces",
            OptionReaders.Listen, (o, v) => o with { HttpAddress = v }, o => o.HttpAddress.ToString()),
        Row<bool>("webhook", null, "Serve the admission webhooks, which stamp and seal who asks. Without them only --trust-requester gives access",
            OptionReaders.Bool, (o, v) => o with { Webhook = v }, o => Show(o.Webhook)),
        Row<ListenAddress>("webhook-address", "HOST:PORT", "Where the admission webhooks are served, over TLS; no host means all interfaces",
            OptionReaders.Listen, (o, v) => o with { WebhookAddress = v }, o => o.WebhookAddress.ToString()),
        Row<int>("webhook-memory", "MIB", "How much memory the requests to the webhooks may take together, in MiB; requests beyond it are asked to try again",
            OptionReaders.Mebibytes, (o, v) => o with { WebhookMemory = v }, o => $"{o.WebhookMemory}"),
        Row<string>("webhook-cert-dir", "DIR", "A directory with tls.crt and tls.key for the webhooks, read again every 10 s; else the operator manages a certificate itself",
            OptionReaders.Text, (o, v) => o with { WebhookCertDir = v }, o => o.WebhookCertDir ?? ""),
        Row<string>("webhook-client-ca", "FILE", "Answer only callers of the webhooks with a client certificate of these authorities, PEM, read again when it changes",
            OptionReaders.CertificateFile, (o, v) => o with { WebhookClientCa = v }, o => o.WebhookClientCa ?? ""),
        Row<IReadOnlyList<string>>("webhook-extra-names", "NAMES", "Names or IP addresses beside the Service's that the managed certificate is for, with commas between",
            OptionReaders.Names, (o, v) => o with { WebhookExtraNames = v }, o => string.Join(',', o.WebhookExtraNames)),
        Row<IReadOnlyList<string>>("stamp-extra", "KEYS", "Keys of userInfo.extra that are kept in the record beside those that a policy's requireClaims names, with commas between",
            OptionReaders.ClaimKeys, (o, v) => o with { StampExtra = v }, o => string.Join(',', o.StampExtra)),
        Row<IReadOnlyList<string>>("person-claims", "KEYS", "Keys of userInfo.extra by which two user names are one person, such as an employee number, with commas between; kept in the record too",
            OptionReaders.ClaimKeys, (o, v) => o with { PersonClaims = v }, o => string.Join(',', o.PersonClaims)),
        Row<bool>("leader-elect", null, "Wait for the lease, so that of several replicas one acts",
            OptionReaders.Bool, (o, v) => o with { LeaderElect = v }, o => Show(o.LeaderElect)),
        Row<TimeSpan>("lease-duration", "DURATION", "How long the others wait for a silent leader",
            OptionReaders.WholeSeconds, (o, v) => o with { LeaseDuration = v }, o => GoDuration.Format(o.LeaseDuration)),
        Row<TimeSpan>("renew-deadline", "DURATION", "How long the leader tries to renew before it stops itself; below the lease's duration",
            OptionReaders.Duration, (o, v) => o with { RenewDeadline = v }, o => GoDuration.Format(o.RenewDeadline)),
        Row<TimeSpan>("retry-period", "DURATION", "The time between two tries; 1.2 of it must be below the renew deadline",
            OptionReaders.Duration, (o, v) => o with { RetryPeriod = v }, o => GoDuration.Format(o.RetryPeriod)),
        Row<int>("revocation-workers", "N", "How many revocations run at the same time",
            OptionReaders.WorkerCount, (o, v) => o with { RevocationWorkers = v }, o => $"{o.RevocationWorkers}"),
        Row<int>("workers", "N", "How many other reconciliations run at the same time",
            OptionReaders.WorkerCount, (o, v) => o with { Workers = v }, o => $"{o.Workers}"),
        Row<TimeSpan>("resync", "DURATION", "How often everything known is looked at again; 0 for never",
            OptionReaders.DurationOrNever, (o, v) => o with { Resync = v }, o => GoDuration.Format(o.Resync)),
        Row<LogLevel>("log-level", "LEVEL", "trace, debug, info, warning, error or critical",
            OptionReaders.Level, (o, v) => o with { LogLevel = v }, o => Show(o.LogLevel)),
        Row<Uri>("otlp-endpoint", "URL", "An OTLP collector that gets the metrics too",
            OptionReaders.HttpUrl, (o, v) => o with { OtlpEndpoint = v }, o => o.OtlpEndpoint?.OriginalString ?? "") with { Variable = "OTEL_EXPORTER_OTLP_ENDPOINT" },
        Row<Uri>("public-server", "URL", "The API server's address in delivered kubeconfigs; else the one the operator uses",
            OptionReaders.HttpsUrl, (o, v) => o with { PublicServer = v }, o => o.PublicServer?.OriginalString ?? ""),
        Row<string>("public-ca-file", "FILE", "The CA in delivered kubeconfigs, PEM; else the one the operator trusts",
            OptionReaders.CertificateFile, (o, v) => o with { PublicCaFile = v }, o => o.PublicCaFile ?? ""),
        Row<string>("cluster-name", "NAME", "The cluster's name in delivered kubeconfigs and notifications",
            OptionReaders.Text, (o, v) => o with { ClusterName = v }, o => o.ClusterName),
        Row<NotificationSettings>("notifications-file", "FILE", "Who is told of activations, denials, late reviews and the like: a YAML or JSON file of receivers, usually from a Secret",
            NotificationFile.Read, (o, v) => o with { Notifications = v }, o => o.Notifications.File ?? ""),
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
