using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;

namespace Kube.Client;

/// <summary>Turns what the transport throws into <see cref="KubeConnectionException"/> with a sentence for the person who reads it.</summary>
internal static partial class ConnectionErrors
{
    private static readonly string[] UntrustedMarks = ["UntrustedRoot", "PartialChain", "NotSignatureValid"];

    public static KubeConnectionException From(HttpRequestException e, Request request, Uri server)
    {
        var failure = Classify(e);
        var nothingSent = failure is ConnectionFailure.Refused or ConnectionFailure.NameResolution or ConnectionFailure.Tls or ConnectionFailure.Proxy;
        var lost = request.IsWrite && !nothingSent;
        var why = failure switch
        {
            ConnectionFailure.Refused => $"cannot connect ({e.Message}). Is the server up, and is the address in the kubeconfig correct?",
            ConnectionFailure.NameResolution =>
                $"the host name '{server.Host}' cannot be resolved. Is the address in the kubeconfig correct, and does DNS work?",
            ConnectionFailure.Tls => DescribeTls(e, server),
            ConnectionFailure.Proxy => $"the proxy refused the connection ({WithoutUser(e.Message)}). " +
                "Check proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY.",
            _ => $"the connection broke ({Innermost(e).Message})",
        };
        // The stack's words about a proxy quote its address with the password in it, so they go no further.
        return New(request, server, why, failure, lost, failure == ConnectionFailure.Proxy ? null : e);
    }

    public static KubeConnectionException Broken(IOException e, Request request, Uri server) => New(
        request, server, $"the connection broke while the answer was read ({Innermost(e).Message})", ConnectionFailure.Reset, request.IsWrite, e);

    public static KubeConnectionException ConnectTimedOut(Exception e, Request request, Uri server) => New(
        request, server, "cannot connect in time. Is the network path open, and is the address in the kubeconfig correct?",
        ConnectionFailure.Refused, lost: false, e);

    public static KubeConnectionException TimedOut(Exception e, Request request, Uri server, TimeSpan deadline) =>
        New(request, server, $"no answer within {deadline.TotalSeconds:0.###} s", ConnectionFailure.TimedOut, request.IsWrite, e);

    public static KubeConnectionException BadAnswer(Exception e, Request request, Uri server) => New(
        request, server, $"the answer is not the expected JSON ({e.Message}). Is this a Kubernetes API server?",
        ConnectionFailure.BadAnswer, request.IsWrite, e);

    public static KubeConnectionException Withheld(Request request, Uri server) => New(
        request, server, "not sent, because this process has lost the lease under which it decided to write", ConnectionFailure.Withheld, lost: false, null);

    private static KubeConnectionException New(Request request, Uri server, string why, ConnectionFailure failure, bool lost, Exception? inner) =>
        new($"{request}: API server {Where(server)}: {why}{(lost ? ". The write may have succeeded: read the object before you write again." : "")}",
            failure, lost, inner);

    /// <summary>The address without a user name or password that somebody may have put into it.</summary>
    public static string Where(Uri server) => server.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.SafeUnescaped).TrimEnd('/');

    private static string WithoutUser(string text) => UserOfUrl().Replace(text, "://");

    // Up to the last @ before the path: a password may hold one itself.
    [GeneratedRegex(@"://[^\s/]*@", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UserOfUrl();

    private static ConnectionFailure Classify(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => ConnectionFailure.NameResolution,
        HttpRequestError.ConnectionError => ConnectionFailure.Refused,
        HttpRequestError.SecureConnectionError => ConnectionFailure.Tls,
        HttpRequestError.ProxyTunnelError or HttpRequestError.UserAuthenticationError => ConnectionFailure.Proxy,
        HttpRequestError.Unknown when e.InnerException is AuthenticationException => ConnectionFailure.Tls,
        HttpRequestError.Unknown when Innermost(e) is SocketException { SocketErrorCode: SocketError.ConnectionRefused } => ConnectionFailure.Refused,
        _ => ConnectionFailure.Reset,
    };

    private static string DescribeTls(HttpRequestException e, Uri server)
    {
        var text = Innermost(e).Message + " " + e.InnerException?.Message;
        if (text.Contains("RemoteCertificateNameMismatch", StringComparison.Ordinal))
        {
            return $"its certificate is not for the host '{server.Host}'. " +
                "Use a name in the certificate, or set tls-server-name in the kubeconfig to one.";
        }

        if (text.Contains("NotTimeValid", StringComparison.Ordinal))
        {
            return "its certificate has expired or is not valid yet. Renew it, or correct this machine's clock.";
        }

        if (UntrustedMarks.Any(mark => text.Contains(mark, StringComparison.Ordinal)))
        {
            return "its certificate is not signed by an authority that this client trusts. " +
                "Put the cluster's root CA into certificate-authority(-data) of the kubeconfig.";
        }

        return $"the TLS handshake failed ({Innermost(e).Message}). Check the certificate authority, the client certificate and that the port speaks TLS.";
    }

    private static Exception Innermost(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e;
    }
}
