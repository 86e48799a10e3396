using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Cli.Yaml;
using BreakGlass.Core.Api;
using BreakGlass.Core.Credentials;
using Kube.Client;

namespace BreakGlass.Cli.Grants;

/// <summary>The kubeconfig that a grant was delivered with. Its text form shows nothing of it.</summary>
internal sealed class DeliveredCredential
{
    private readonly JsonObject _kubeconfig;

    private DeliveredCredential(JsonObject kubeconfig, string token) => (_kubeconfig, Token) = (kubeconfig, token);

    /// <summary>The bearer token.</summary>
    public string Token { get; }

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

    /// <summary>Reads a kubeconfig with one user, as the operator writes it.</summary>
    public static DeliveredCredential Read(string kubeconfig)
    {
        if (YamlDocument.ReadAll(kubeconfig) is [{ Root: JsonObject root }] && root["users"] is JsonArray and [JsonObject user]
            && user["user"]?["token"] is JsonValue value && value.TryGetValue<string>(out var token) && token.Length > 0)
        {
            return new(root, token);
        }

        throw new CliException(ExitCodes.Error, "what was delivered is no kubeconfig with a token in it. The operator and this plugin may be of different versions: compare 'kubectl breakglass --version' with the operator's.");
    }

    /// <summary>
    /// The kubeconfig for a person: the token as delivered, and the way to the API server by which the person reached it just now. The operator may know it only
    /// by an address from inside the cluster.
    /// </summary>
    /// <param name="own">How the person reaches the cluster; null to take the delivered address.</param>
    public byte[] Kubeconfig(ClusterConnection? own)
    {
        var root = (JsonObject)_kubeconfig.DeepClone();
        if (own is not null && root["clusters"] is JsonArray and [JsonObject entry]) entry["cluster"] = Way(own);
        return Encoding.UTF8.GetBytes(YamlText.Write(root));
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(DeliveredCredential);

    private static JsonObject Way(ClusterConnection own)
    {
        var cluster = new JsonObject { ["server"] = own.Server.OriginalString };
        if (own.TlsServerName is { } name) cluster["tls-server-name"] = name;
        if (own.CertificateAuthority is { } authority) cluster["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(authority.Read()));
        if (own.InsecureSkipTlsVerify) cluster["insecure-skip-tls-verify"] = true;
        if (own.Proxy is { } proxy) cluster["proxy-url"] = proxy.OriginalString;
        return cluster;
    }
}
