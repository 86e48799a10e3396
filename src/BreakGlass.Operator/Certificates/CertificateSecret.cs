namespace BreakGlass.Operator.Certificates;

/// <summary>
/// An authority and a serving certificate in a Secret of the operator's namespace. Every replica does the same: writes are guarded by the Secret's version, so
/// one of them does it and the others read what it did.
/// </summary>
internal sealed class CertificateSecret(KubeClient client, string ns, CertificateUse use, IReadOnlyList<string> names, TimeProvider time)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    /// <summary>Where it is, for people.</summary>
    public string Place => $"Secret {ns}/{use.SecretName}";

    /// <summary>Reads them, and renews what is due.</summary>
    /// <param name="take">Called with what is there now, and again with what comes in its place; says whether every client has the whole bundle.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task RoundAsync(Func<ManagedCertificates, CancellationToken, Task<bool>> take, CancellationToken cancellationToken)
    {
        var secret = await client.TryGetAsync<V1Secret>(use.SecretName, ns, cancellationToken);
        var certificates = ManagedCertificates.Read(secret?.Data, use);
        if (certificates is null)
        {
            (secret, certificates) = await WriteAsync(secret, ManagedCertificates.New(names, time.GetUtcNow(), use), cancellationToken);
            if (certificates is null) return;
        }

        var isEverywhere = await take(certificates, cancellationToken);
        if (time.CertainNow() is not { } now || certificates.Next(names, now, isEverywhere, KeyRotation.Of(secret)) is not { } next) return;
        (_, certificates) = await WriteAsync(secret, next, cancellationToken);
        if (certificates is not null) await take(certificates, cancellationToken);
    }

    // Another replica was faster: what it wrote is read in the next round.
    private async Task<(V1Secret?, ManagedCertificates?)> WriteAsync(V1Secret? there, ManagedCertificates certificates, CancellationToken cancellationToken)
    {
        try
        {
            var written = there is null
                ? await client.CreateAsync(
                    new V1Secret { Metadata = OperatorSecrets.Meta(use.SecretName, ns), Type = "kubernetes.io/tls", Data = certificates.Write() },
                    cancellationToken)
                : await client.ReplaceAsync(there with { Data = certificates.Write() }, cancellationToken);
            return (written, certificates);
        }
        catch (KubeApiException e) when (e.IsAlreadyExists || e.IsConflict)
        {
            var now = await client.TryGetAsync<V1Secret>(use.SecretName, ns, cancellationToken);
            return (now, ManagedCertificates.Read(now?.Data, use));
        }
    }
}
