using BreakGlass.Core.Credentials;
using BreakGlass.Operator.Certificates;

namespace BreakGlass.Operator.Execution;

/// <summary>Issues tokens, and certificates for the gateway, and delivers them: into their Secret, or encrypted to or made for the recipient's key.</summary>
internal sealed class CredentialIssuer(
    KubeClient client, ClusterCaches caches, CredentialVault vault, PublicCluster cluster, GatewayAuthority? gateway, TimeProvider time)
{
    /// <summary>
    /// An API server started with --service-account-extend-token-expiration takes a wish of exactly this many seconds for that of an old kubelet
    /// and issues a token for a year.
    /// </summary>
    private const long ExtendedToAYear = 3607;

    private const long Shortest = 600;

    /// <summary>How long the death of a credential waits for a look at it.</summary>
    private static readonly TimeSpan HoldPatience = TimeSpan.FromSeconds(1);

    public async Task<IssuedToken> IssueAsync(BreakGlassGrant grant, PlanStep.IssueToken issue, LiveRun run, CancellationToken cancellationToken)
    {
        var answer = await RequestAsync(issue.ServiceAccount, issue.Secret.Metadata, issue.Lifetime, cancellationToken);
        string? jwe = null;
        if (grant.Spec.RecipientKey is { } jwk)
        {
            if (!RecipientKey.TryParse(jwk, out var key, out var error)) throw new InvalidOperationException(error);
            jwe = Jwe.Encrypt(Kubeconfig(grant, answer.Token), key, "application/yaml");
        }

        run.Secret = answer.Token;
        var expiresAt = Timestamp.Millis(answer.ExpirationTimestamp.AsUtc() ?? DateTimeOffset.MaxValue);
        return new(issue.ServiceAccount.Metadata.Uid!, issue.Secret.Metadata.Uid!, expiresAt, jwe);
    }

    /// <summary>Issues a certificate for the gateway, in this process. Until it has the authority for that, nothing is issued.</summary>
    public StepResult IssueCertificate(BreakGlassGrant grant, PlanStep.IssueCertificate issue, LiveRun run)
    {
        if (gateway is null) return new StepResult.NotReady("It has no gateway any more. Set --gateway-url");
        if (gateway.Issue(grant, issue.Until, out var problem) is not { } issued) return new StepResult.NotReady(problem);
        run.Secret = issued.KeyPem;
        return new StepResult.Issued(new(issue.ServiceAccount.Metadata.Uid!, issue.Secret.Metadata.Uid!, issued.NotAfter, Jwe: null, issued.Access));
    }

    public async Task DeliverAsync(BreakGlassGrant grant, PlanStep.Deliver deliver, LiveRun run, CancellationToken cancellationToken)
    {
        var issued = run.Run.Findings.Token!;
        var marks = new Dictionary<string, string>(deliver.Secret.AnnotationsOrEmpty);
        foreach (var (key, value) in GrantObjects.DeliveredMarks(issued)) marks[key] = value;
        var secret = new V1Secret
        {
            Metadata = deliver.Secret.Metadata with { Annotations = marks },
            Type = BreakGlassApi.CredentialSecretType,

            // What was delivered cannot be exchanged for something else, only deleted.
            Immutable = true,
            Data = grant.Spec.RecipientKey is not null ? null : Data(grant, issued, run.Secret!),
        };
        try
        {
            caches.Learn(await PutAsync(grant, secret, marks, cancellationToken));
        }
        catch (KubeApiException e) when (e.IsInvalid)
        {
            // It holds another credential already, for ever.
            var (name, ns, uid) = (deliver.Secret.Metadata.Name, deliver.Secret.Metadata.NamespaceProperty, deliver.Secret.Metadata.Uid);
            await client.DeleteAsync<V1Secret>(name, ns, new() { Uid = uid }, cancellationToken);
            caches.LearnDeleted(deliver.Secret);
        }
    }

    private async Task<IKubernetesObject<V1ObjectMeta>> PutAsync(
        BreakGlassGrant grant, V1Secret secret, Dictionary<string, string> marks, CancellationToken cancellationToken)
    {
        if (grant.Spec.RecipientKey is null) return new SecretMetadata { Metadata = (await client.ReplaceAsync(secret, cancellationToken)).Metadata };
        var annotations = new JsonObject(marks.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)JsonValue.Create(m.Value))));
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = secret.Metadata.Uid, ["annotations"] = annotations }, ["immutable"] = true };
        return await client.PatchAsync(secret, patch, cancellationToken);
    }

    /// <summary>
    /// Gets hold of the grant's token for the proof of its death: the delivered one, or, where that was encrypted or never delivered, another one
    /// with the same fate.
    /// </summary>
    public async Task<StepResult> HoldAsync(BreakGlassGrant grant, PlanStep.HoldCredential hold, CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(HoldPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, patience.Token);
        try
        {
            await HoldAsync(grant, hold.Secret, either.Token);
            return new StepResult.Done();
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return new StepResult.NoAnswer("no answer in time");
        }
    }

    private async Task HoldAsync(BreakGlassGrant grant, IKubernetesObject<V1ObjectMeta> place, CancellationToken cancellationToken)
    {
        var secret = await client.TryGetAsync<V1Secret>(place.Metadata.Name, place.Metadata.NamespaceProperty, cancellationToken);
        if (secret is null || secret.Metadata.Uid != place.Metadata.Uid) return;
        if (secret.Data.OrEmpty().GetValueOrDefault("token") is { Length: > 0 } token)
        {
            vault.Keep(grant.Metadata.Uid!, Encoding.UTF8.GetString(token));
        }
        else if (await client.TryGetAsync<V1ServiceAccount>(secret.Metadata.Name, secret.Metadata.NamespaceProperty, cancellationToken) is { } account)
        {
            // Without a token the proof rests on the objects that the token is bound to: their removal does not wait for a good answer.
            var probe = await AskAsync(account, secret.Metadata, TimeSpan.FromSeconds(Shortest), cancellationToken);
            if (probe is not null) vault.Keep(grant.Metadata.Uid!, probe.Token);
        }
    }

    private async Task<V1TokenRequestStatus> RequestAsync(
        IKubernetesObject<V1ObjectMeta> account, V1ObjectMeta secret, TimeSpan lifetime, CancellationToken cancellationToken) =>
        await AskAsync(account, secret, lifetime, cancellationToken)
        ?? throw new InvalidOperationException($"The API server answered the token request for ServiceAccount {account.Key} without a token.");

    private async Task<V1TokenRequestStatus?> AskAsync(
        IKubernetesObject<V1ObjectMeta> account, V1ObjectMeta secret, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(Shortest, (long)lifetime.TotalSeconds);
        var request = new TokenRequest
        {
            Spec = new()
            {
                ExpirationSeconds = seconds == ExtendedToAYear ? ExtendedToAYear - 1 : seconds,
                BoundObjectRef = new() { ApiVersion = "v1", Kind = V1Secret.KubeKind, Name = secret.Name, Uid = secret.Uid },
            },
        };
        return (await client.CreateTokenAsync(account.Metadata.NamespaceProperty!, account.Metadata.Name, request, cancellationToken)).Status;
    }

    private Dictionary<string, byte[]> Data(BreakGlassGrant grant, IssuedToken issued, string secret) => issued.Gateway is { } access
        ? new()
        {
            ["tls.crt"] = Encoding.UTF8.GetBytes(access.Certificate!), ["tls.key"] = Encoding.UTF8.GetBytes(secret),
            ["kubeconfig"] = CredentialKubeconfig.Render(access, cluster.ClusterName, grant.Metadata.Name, NamespaceOf(grant), secret),
        }
        : new() { ["token"] = Encoding.UTF8.GetBytes(secret), ["kubeconfig"] = Kubeconfig(grant, secret) };

    private byte[] Kubeconfig(BreakGlassGrant grant, string token) => CredentialKubeconfig.Render(
        cluster.Server, cluster.CertificateAuthority, cluster.ClusterName, grant.Metadata.Name, NamespaceOf(grant), token);

    private static string? NamespaceOf(BreakGlassGrant grant) => grant.Status.Bindings.FirstOrDefault(b => b.Namespace is not null)?.Namespace;
}
