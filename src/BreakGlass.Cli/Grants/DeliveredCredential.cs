using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;
using YamlDotNet.Core;

namespace BreakGlass.Cli.Grants;

/// <summary>The delivered kubeconfig of a grant. ToString does not show it.</summary>
internal sealed class DeliveredCredential
{
    private readonly JsonObject _kubeconfig;

    private DeliveredCredential(JsonObject kubeconfig, ClientCredential client) => (_kubeconfig, Client) = (kubeconfig, client);

    /// <summary>What is in it of its user.</summary>
    public ClientCredential Client { get; }

    /// <summary>The credential of an active grant that was requested with our key: what is encrypted to it, or the certificate that is for it.</summary>
    /// <exception cref="CryptographicException">It is for another key, or was changed.</exception>
    /// <exception cref="CliException">There is none.</exception>
    public static DeliveredCredential Of(BreakGlassGrant grant, ECDiffieHellman key)
    {
        if (grant.Status.Path is SessionPath.Gateway) return OfGateway(grant, key);
        return grant.Status.CredentialJwe is { } jwe ? Open(jwe, key) : throw Missing(grant, "status.credentialJwe");
    }

    /// <summary>Opens what was encrypted to our key.</summary>
    /// <exception cref="CryptographicException">It is for another key, or was changed.</exception>
    public static DeliveredCredential Open(string jwe, ECDiffieHellman key)
    {
        var content = Jwe.Decrypt(jwe, key);
        try
        {
            return Read(Encoding.UTF8.GetString(content));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Fails before any wait if no Secret will ever contain the credential.</summary>
    /// <exception cref="CliException">The credential is encrypted for its requester.</exception>
    public static void CheckReadable(BreakGlassGrant grant)
    {
        if (grant.Spec.RecipientKey is not null) throw Encrypted(grant.Metadata.Name);
    }

    /// <summary>Reads the Secret of an active grant that was requested without a key.</summary>
    /// <exception cref="CliException">The Secret does not exist or is incomplete, or the credential is encrypted.</exception>
    public static async Task<string> OfSecretAsync(ConnectedCluster cluster, BreakGlassGrant grant, string key, CancellationToken cancellationToken)
    {
        var name = grant.Metadata.Name;
        CheckReadable(grant);
        if (grant.Status.CredentialSecret?.Split('/', 2) is not [var ns, var secret])
        {
            throw grant.Status.Credential is CredentialKind.BindRequester
                ? new CliException(ExitCodes.Error, $"grant '{name}' binds your own user name: use your own kubeconfig. There is no other credential.")
                : Encrypted(name);
        }

        var data = (await ReadAsync(cluster, grant, ns, secret, cancellationToken)).Data.OrEmpty();
        return data.TryGetValue(key, out var text)
            ? Encoding.UTF8.GetString(text)
            : throw new CliException(ExitCodes.Error, $"Secret {ns}/{secret} contains no {key} yet. Try again in a few seconds.");
    }

    /// <summary>
    /// The gateway that the status names, with our key. A user who can write the status can name another server, but TLS shows no server the key: there is
    /// nothing that the other one could use at the gateway.
    /// </summary>
    private static DeliveredCredential OfGateway(BreakGlassGrant grant, ECDiffieHellman key)
    {
        if (grant.Status.Gateway is not { Certificate.Length: > 0 } gateway) throw Missing(grant, "status.gateway.certificate");
        if (!Uri.TryCreate(gateway.Server, UriKind.Absolute, out var server) || server.Scheme != Uri.UriSchemeHttps)
            throw Missing(grant, "status.gateway.server");
        using var own = ECDsa.Create(key.ExportParameters(includePrivateParameters: true));
        using var certificate = X509Certificate2.CreateFromPem(gateway.Certificate);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own.ExportSubjectPublicKeyInfo()))
            throw new CryptographicException("The certificate in status.gateway is for another key.");
        var ns = grant.Status.Bindings.FirstOrDefault(b => b.Namespace is not null)?.Namespace;
        return Read(Encoding.UTF8.GetString(
            CredentialKubeconfig.Render(gateway, server.Host, grant.Metadata.Name, ns, own.ExportPkcs8PrivateKeyPem())));
    }

    private static CliException Missing(BreakGlassGrant grant, string field) => new(
        ExitCodes.Error, $"grant '{grant.Metadata.Name}' is active but has no usable credential ({field}). "
            + $"Check it with 'kubectl breakglass get {grant.Metadata.Name} -o yaml', and tell the platform team.");

    private static CliException Encrypted(string name) => new(
        ExitCodes.Error, $"the credential of grant '{name}' is encrypted for its requester, and only they can decrypt it. Request another grant with 'kubectl "
            + "breakglass request'; with --wait=false, its credential is in a Secret.");

    private static async Task<V1Secret> ReadAsync(ConnectedCluster cluster, BreakGlassGrant grant, string ns, string secret,
        CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.Client.GetAsync<V1Secret>(secret, ns, cancellationToken);
        }
        catch (KubeApiException e) when (e.IsForbidden)
        {
            var who = Callers.Shown(grant.Spec.Requester);
            throw new CliException(ExitCodes.Refused, $"forbidden: only {who} can read the credential of grant '{grant.Metadata.Name}'. Request your own "
                + $"grant with 'kubectl breakglass request {grant.Spec.Policy}', or use the --context of {who}.", e);
        }
    }

    /// <summary>Whether a kubeconfig has one cluster, one context and one user, with a token or a certificate and its key in it.</summary>
    public static bool IsComplete(string kubeconfig)
    {
        try
        {
            return TryRead(kubeconfig) is not null;
        }
        catch (YamlException)
        {
            return false;
        }
    }

    /// <summary>
    /// Reads a kubeconfig with one cluster, one context and one user, as the operator writes it. It uses only the token, or the certificate and its key:
    /// anybody who can write a grant's status can encrypt something to its key, and a kubeconfig can name a program that kubectl is to run.
    /// </summary>
    public static DeliveredCredential Read(string kubeconfig) => TryRead(kubeconfig)
        ?? throw new CliException(ExitCodes.Error, "the delivered credential is not a kubeconfig with a token or a client certificate. The versions of the "
            + "operator and this plugin may differ: compare 'kubectl breakglass --version' with the operator's version.");

    private static DeliveredCredential? TryRead(string kubeconfig)
    {
        if (YamlDocument.ReadAll(kubeconfig) is [{ Root: JsonObject root }] && root["clusters"] is JsonArray and [JsonObject]
            && root["contexts"] is JsonArray and [JsonObject]
            && root["users"] is JsonArray and [JsonObject user] && user["user"] is JsonObject what && ClientCredential.OfUser(what) is { } client)
        {
            user["user"] = client.ToUser();
            return new(root, client);
        }

        return null;
    }

    /// <summary>
    /// The kubeconfig for a person: the token as delivered, and the way to the API server by which the person reached it just now. The operator may
    /// know it only by an address from inside the cluster. A certificate is of use at the gateway alone, so its address stays.
    /// </summary>
    /// <param name="own">How the person reaches the cluster; null to take the delivered address.</param>
    /// <param name="caller">The way to their own name, which this plugin takes where it is started with this kubeconfig.</param>
    public byte[] Kubeconfig(ClusterConnection? own, CallerKubeconfig caller)
    {
        var root = (JsonObject)_kubeconfig.DeepClone();
        if (own is not null && !Client.IsForGateway && root["clusters"] is JsonArray and [JsonObject entry]) entry["cluster"] = Way(own);
        if (root["contexts"] is JsonArray and [JsonObject context] && context["context"] is JsonObject named)
            named["extensions"] = new JsonArray(caller.ToJson());
        return Encoding.UTF8.GetBytes(YamlText.Write(root));
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(DeliveredCredential);

    private static JsonObject Way(ClusterConnection own)
    {
        var cluster = new JsonObject { ["server"] = own.Server.OriginalString };
        if (own.TlsServerName is { } name) cluster["tls-server-name"] = name;
        if (own.CertificateAuthority is { } authority)
            cluster["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(authority.Read()));
        if (own.InsecureSkipTlsVerify) cluster["insecure-skip-tls-verify"] = true;
        if (own.Proxy is { } proxy) cluster["proxy-url"] = proxy.OriginalString;
        return cluster;
    }
}
