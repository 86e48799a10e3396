namespace BreakGlass.Operator.Certificates;

/// <summary>Manages the webhooks' authority and certificate in a Secret of the operator's namespace, and has the API server trust them.</summary>
internal sealed class CertificateManager(
    KubeClient client, string ns, IReadOnlyList<string> names, ServedCertificate served, CaBundles bundles, TimeProvider time,
    ILogger logger) : ICertificateSource
{
    /// <summary>The Service in front of the webhooks.</summary>
    public const string ServiceName = "breakglass-operator-webhook";

    private readonly CertificateSecret _secret = new(client, ns, CertificateUse.Webhook, names, time);
    private volatile IReadOnlyList<string> _missing = ["the webhooks' certificate is not loaded yet"];

    /// <summary>The Secret.</summary>
    public static string SecretName => CertificateUse.Webhook.SecretName;

    /// <summary>The names that the API server may call the webhooks by.</summary>
    public static IReadOnlyList<string> NamesOf(string ns, IReadOnlyList<string> extra) =>
        [.. new[] { $"{ServiceName}.{ns}.svc", $"{ServiceName}.{ns}.svc.cluster.local", $"{ServiceName}.{ns}" }.Concat(extra)
            .Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing() => _missing;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(CertificateSecret.Period, atOnce: true, RoundAsync, cancellationToken);

    /// <summary>Reads, renews what is due, serves, and has the API server trust it. What fails is logged and tried again in the next round.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        WebhookMetrics.CertificateRead();
        try
        {
            await _secret.RoundAsync(TakeAsync, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was: rounds that ended for good would let the certificate run out. Ready stays what it was, and what is served goes on being served.
            WebhookMetrics.CertificateReadFailed();
            logger.CertificateTrouble(e);
            if (served.Context is null) _missing = [$"the webhooks' certificate could not be read or created: {e.Message}"];
        }
    }

    private async Task<bool> TakeAsync(ManagedCertificates certificates, CancellationToken cancellationToken)
    {
        served.Serve(certificates.Leaf, $"from {_secret.Place}");
        var missing = await bundles.InjectAsync(certificates.Bundle, cancellationToken);
        _missing = missing;
        return missing.Count == 0;
    }
}
