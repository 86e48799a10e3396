using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;

namespace Kube.Runtime;

/// <summary>Whose requests a <see cref="WebhookServer"/> answers. Every other request is refused, and nothing of it is read.</summary>
public sealed record WebhookCallers
{
    private static readonly object Verdict = new();

    /// <summary>The webhook that a requested URL path leads to, e.g. <c>/mutate</c>; null if there is none. The default takes the path as it is.</summary>
    public Func<string, CancellationToken, ValueTask<string?>> Route { get; init; } = static (path, _) => ValueTask.FromResult<string?>(path);

    /// <summary>The authorities of client certificates; null if none is asked for.</summary>
    public Func<X509Certificate2Collection>? ClientAuthorities { get; init; }

    /// <summary>Which of the certificates that the authorities signed are accepted; by default all of them.</summary>
    public Func<X509Certificate2, bool> Accepts { get; init; } = static _ => true;

    /// <summary>
    /// Whether a request carries another credential, for example a token; null if there is none. With <see cref="ClientAuthorities"/>, one of both is enough.
    /// </summary>
    public Func<HttpContext, bool>? HasCredential { get; init; }

    /// <summary>The answer to everybody else. The default does not say that there is anything.</summary>
    public int StatusForOthers { get; init; } = StatusCodes.Status404NotFound;

    /// <summary>What everybody else is answered; null for nothing but the status.</summary>
    public string? SentenceForOthers { get; init; }

    /// <summary>Whether a request comes from somebody to be answered.</summary>
    internal bool Knows(HttpContext context) =>
        (ClientAuthorities is null && HasCredential is null) || HasCredential?.Invoke(context) is true || HasCertificate(context);

    // Once a connection.
    private bool HasCertificate(HttpContext context)
    {
        if (ClientAuthorities is null) return false;
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items?.TryGetValue(Verdict, out var known) is true) return known is true;
        var fits = context.Connection.ClientCertificate is { } certificate && Accepts(certificate) && IsFrom(certificate, ClientAuthorities());
        items?[Verdict] = fits;
        return fits;
    }

    private static bool IsFrom(X509Certificate2 certificate, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.2")); // TLS client authentication
        return chain.Build(certificate);
    }
}
