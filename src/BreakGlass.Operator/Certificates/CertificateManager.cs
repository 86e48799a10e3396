namespace BreakGlass.Operator.Certificates;

/// <summary>
/// Manages the webhooks' authority and certificate in a Secret of the operator's namespace, and has the API server trust them. Every replica does the same:
/// writes are guarded by the Secret's version, so one of them does it and the others read what it did.
/// </summary>
internal sealed class CertificateManager(
    KubeClient client, string ns, IReadOnlyList<string> names, ServedCertificate served, CaBundles bundles, TimeProvider time,
    ILogger logger) : ICertificateSource
{
    public const string SecretName = "breakglass-webhook-tls";

    /// <summary>The Service in front of the webhooks.</summary>
    public const string ServiceName = "breakglass-operator-webhook";

    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private volatile IReadOnlyList<string> _missing = ["the webhooks' certificate is not loaded yet"];

    /// <summary>The names that the API server may call the webhooks by.</summary>
    public static IReadOnlyList<string> NamesOf(string ns, IReadOnlyList<string> extra) =>
        [.. new[] { $"{ServiceName}.{ns}.svc", $"{ServiceName}.{ns}.svc.cluster.local", $"{ServiceName}.{ns}" }.Concat(extra)
            .Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing() => _missing;

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: true, RoundAsync, cancellationToken);

    /// <summary>Reads, renews what is due, serves, and has the API server trust it. What fails is logged and tried again in the next round.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        WebhookMetrics.CertificateRead();
        try
        {
            var secret = await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken);
            var certificates = ManagedCertificates.Read(secret?.Data);
            if (certificates is null)
            {
                (secret, certificates) = await WriteAsync(secret, ManagedCertificates.New(names, time.GetUtcNow()), cancellationToken);
                if (certificates is null) return;
            }

            Serve(certificates);
            var missing = await bundles.InjectAsync(certificates.Bundle, cancellationToken);
            if (time.CertainNow() is { } now && certificates.Next(names, now, injected: missing.Count == 0) is { } next)
            {
                (_, certificates) = await WriteAsync(secret, next, cancellationToken);
                if (certificates is null) return;
                Serve(certificates);
                missing = await bundles.InjectAsync(certificates.Bundle, cancellationToken);
            }

            _missing = missing;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was: rounds that ended for good would let the certificate run out. Ready stays what it was, and what is served goes on being served.
            WebhookMetrics.CertificateReadFailed();
            logger.CertificateTrouble(e);
            if (served.Context is null) _missing = [$"the webhooks' certificate could not be read or created: {e.Message}"];
        }
    }

    private void Serve(ManagedCertificates certificates) => served.Serve(certificates.Leaf, $"from Secret {ns}/{SecretName}");

    // Another replica was faster: what it wrote is read in the next round.
    private async Task<(V1Secret?, ManagedCertificates?)> WriteAsync(V1Secret? there, ManagedCertificates certificates, CancellationToken cancellationToken)
    {
        try
        {
            var written = there is null
                ? await client.CreateAsync(
                    new V1Secret { Metadata = OperatorSecrets.Meta(SecretName, ns), Type = "kubernetes.io/tls", Data = certificates.Write() },
                    cancellationToken)
                : await client.ReplaceAsync(there with { Data = certificates.Write() }, cancellationToken);
            return (written, certificates);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists || e.IsConflict)
        {
            var now = await client.TryGetAsync<V1Secret>(SecretName, ns, cancellationToken);
            return (now, ManagedCertificates.Read(now?.Data));
        }
    }
}
