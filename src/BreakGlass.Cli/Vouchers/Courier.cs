using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BreakGlass.Core.Credentials;

namespace BreakGlass.Cli.Vouchers;

/// <summary>The identity without rights that presents vouchers: its kubeconfig, and until when it works.</summary>
internal sealed record Courier(byte[] Kubeconfig, DateTimeOffset? Until)
{
    private const int Largest = 64 * 1024;

    /// <summary>One that was made before.</summary>
    /// <exception cref="CliException">It does not work alone.</exception>
    public static async Task<Courier> OfFileAsync(string file, CancellationToken cancellationToken)
    {
        if (!File.Exists(file)) throw new CliException(ExitCodes.NotFound, $"there is no file '{file}'.");
        if (new FileInfo(file).Length > Largest) throw CliException.Usage($"'{file}' is too large to be a kubeconfig of one user.");
        var bytes = await File.ReadAllBytesAsync(file, cancellationToken);
        var text = Encoding.UTF8.GetString(bytes);
        return DeliveredCredential.IsComplete(text) ? new(bytes, EndOf(DeliveredCredential.Read(text).Client))
            : throw CliException.Usage($"'{file}' does not work alone: it must have one cluster, one context, and one user with a token or with "
                + "client-certificate-data and client-key-data. See 'kubectl config view --flatten --minify'.");
    }

    /// <summary>Refuses what is not the name of a ServiceAccount.</summary>
    /// <exception cref="CliException">The name is wrong.</exception>
    public static (string Namespace, string Name) CheckAccount(string account) => account.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name] ? (ns, name)
        : throw CliException.Usage($"--courier-account: '{account}' is not NAMESPACE/NAME; use for example breakglass-system/breakglass-courier.");

    /// <summary>A token of a ServiceAccount, for as long as the API server gives one.</summary>
    /// <exception cref="CliException">The name is wrong, or there is no token.</exception>
    public static async Task<Courier> OfAccountAsync(ConnectedCluster cluster, string account, TimeSpan duration, CancellationToken cancellationToken)
    {
        var (ns, name) = CheckAccount(account);
        var request = new TokenRequest { Spec = new() { ExpirationSeconds = (long)duration.TotalSeconds } };
        var issued = (await cluster.Client.CreateTokenAsync(ns, name, request, cancellationToken)).Status
            ?? throw new CliException(ExitCodes.Error, $"the API server gave no token for the ServiceAccount {account}.");
        var way = cluster.Connection;
        return new(CredentialKubeconfig.Render(
            way.Server, way.CertificateAuthority?.Read(), "cluster", name, null, issued.Token, way.TlsServerName), issued.ExpirationTimestamp);
    }

    /// <summary>When a client certificate ends; null for a token, whose end only the API server knows for sure.</summary>
    private static DateTimeOffset? EndOf(ClientCredential client)
    {
        if (client.Certificate is not { } pem) return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(pem);
            return new(certificate.NotAfter.ToUniversalTime());
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(Courier);
}
