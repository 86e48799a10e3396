namespace Kube.Client;

/// <summary>
/// Connections to an API server for requests of others: its address, its authority and its proxy are those of a <see cref="ClusterConnection"/>, and of
/// this program's own credentials, certificate and impersonation nothing is in them. A request is sent with the Authorization header that it carries, once.
/// </summary>
public static class ForwardingTransport
{
    /// <summary>Makes the connections; the caller disposes of them.</summary>
    /// <exception cref="KubeConfigException">The certificates of the connection cannot be used.</exception>
    public static HttpMessageHandler Create(ClusterConnection connection, TimeProvider time, KubeClientOptions options)
    {
        var bare = connection with
        {
            ClientCertificate = null, ClientKey = null, Token = null, TokenFile = null, Username = null, Password = null, Exec = null, Impersonate = null,
        };
        return new ClusterHandler(new(bare, time, options), options, keepsAuthorization: true);
    }
}
