namespace BreakGlass.Operator.Certificates;

/// <summary>
/// Takes the certificate from a directory that others write (cert-manager, a mounted Secret): <c>tls.crt</c> and <c>tls.key</c>, read every 10 s.
/// Polling, not watching: the kubelet's symlink swap escapes file notifications.
/// </summary>
internal sealed class CertificateFiles(string directory, ServedCertificate served, TimeProvider time, ILogger logger) : ICertificateSource
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public IReadOnlyList<string> Missing() =>
        served.Context is null ? [$"the webhooks have no certificate: {directory} does not contain a matching pair of tls.crt and tls.key"] : [];

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => time.EveryAsync(Period, atOnce: true, ReadAsync, cancellationToken);

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        WebhookMetrics.CertificateRead();
        try
        {
            var certificate = await File.ReadAllTextAsync(Path.Combine(directory, "tls.crt"), cancellationToken);
            var key = await File.ReadAllTextAsync(Path.Combine(directory, "tls.key"), cancellationToken);
            served.Serve(new(certificate, key), $"read from {directory}");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            WebhookMetrics.CertificateReadFailed();
            logger.CertificateTrouble(e);
        }
    }
}
