using System.Security.Cryptography;

namespace BreakGlass.Core.Lifecycle;

/// <summary>
/// How a grant's credential gets to its holder, and what the status says of it: a token of the grant's ServiceAccount, or for path Gateway a client
/// certificate. Both are delivered in the grant's Secret, or for a recipient key in the status; then the Secret is only marked.
/// </summary>
internal static class GrantCredential
{
    /// <summary>The shortest life of a token that the API server issues.</summary>
    public static readonly TimeSpan ShortestToken = TimeSpan.FromMinutes(10);

    /// <summary>The next step towards a delivered credential, or null where it is delivered or there is none.</summary>
    public static PlanStep? Next(GrantFacts facts, BreakGlassGrant grant, DesiredObjects desired)
    {
        if (grant.Status.Credential is not CredentialKind.ServiceAccountToken) return null;
        if (desired.Actual<V1ServiceAccount>() is not { } account || desired.Actual<SecretMetadata>() is not { } secret) return null;

        var inHand = facts.Findings.Token is { } token && token.ServiceAccountUid == account.Metadata.Uid && token.SecretUid == secret.Metadata.Uid
            ? token : null;
        if (IsMarked(secret, account) && IsThere(grant, secret, inHand)) return null;
        if (inHand is not null) return new PlanStep.Deliver(secret, account.Metadata.Uid!);

        if (grant.Status.Path is SessionPath.Gateway) return new PlanStep.IssueCertificate(account, secret, facts.Due!.At);
        var lifetime = facts.Due!.At - facts.Now;
        return new PlanStep.IssueToken(account, secret, lifetime > ShortestToken ? lifetime : ShortestToken);
    }

    /// <summary>When the credential expires on its own; null where that is not known.</summary>
    public static DateTimeOffset? End(GrantFacts facts, DesiredObjects desired) =>
        facts.Findings.Token?.ExpiresAt
        ?? (desired.Actual<SecretMetadata>() is { } secret
            && secret.AnnotationsOrEmpty.TryGetValue(GrantObjects.TokenExpiresAtAnnotation, out var text) && Timestamp.TryParse(text, out var end)
            ? Timestamp.Millis(end)
            : null);

    /// <summary>The encrypted kubeconfig for the status; null if the credential is not encrypted.</summary>
    public static string? Encrypted(GrantFacts facts, BreakGlassGrant grant) =>
        grant.Spec.RecipientKey is null || grant.Status.Path is SessionPath.Gateway ? null : facts.Findings.Token?.Jwe ?? grant.Status.CredentialJwe;

    /// <summary>
    /// The way through the gateway for the status; null for the direct path. Only a certificate that the Secret is marked with is recorded: what two
    /// replicas issue at the same time, one of them delivers.
    /// </summary>
    public static GatewayAccess? Gateway(GrantFacts facts, BreakGlassGrant grant, DesiredObjects desired)
    {
        if (grant.Status.Path is not SessionPath.Gateway) return null;
        return facts.Findings.Token?.Gateway is { } issued && desired.Actual<SecretMetadata>() is { } secret && IsOf(secret, issued)
            ? issued : grant.Status.Gateway;
    }

    /// <summary>The mark of a certificate on the Secret that it was delivered with.</summary>
    public static string MarkOf(string certificate) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(certificate)));

    private static bool IsMarked(SecretMetadata secret, V1ServiceAccount account) =>
        secret.AnnotationsOrEmpty.TryGetValue(GrantObjects.DeliveredAnnotation, out var uid) && uid == account.Metadata.Uid;

    /// <summary>
    /// Whether the status says, or will say, what was delivered. A run that died between the two has left a Secret whose certificate is not recorded: the
    /// gateway would not accept it, so another one is issued.
    /// </summary>
    private static bool IsThere(BreakGlassGrant grant, SecretMetadata secret, IssuedToken? inHand)
    {
        if (grant.Status.Path is SessionPath.Gateway) return IsOf(secret, inHand?.Gateway) || IsOf(secret, grant.Status.Gateway);
        return grant.Spec.RecipientKey is null || grant.Status.CredentialJwe is not null || inHand is not null;
    }

    private static bool IsOf(SecretMetadata secret, GatewayAccess? gateway) => gateway?.Certificate is { } certificate
        && secret.AnnotationsOrEmpty.TryGetValue(GrantObjects.CertificateAnnotation, out var mark) && mark == MarkOf(certificate);
}
