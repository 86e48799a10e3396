namespace Kube.Client;

/// <summary>
/// Which API server, how to trust it and who to be: what a kubeconfig's context or a pod's service account comes down to.
/// Its text form shows no credential.
/// </summary>
public sealed record ClusterConnection
{
    /// <summary>Address of the API server; may have a path.</summary>
    public required Uri Server { get; init; }

    /// <summary>
    /// The authorities that may have signed the server's certificate; null: the machine's own. Must hold the root, not only an intermediate.
    /// </summary>
    public PemSource? CertificateAuthority { get; init; }

    /// <summary>The name that the server's certificate must hold instead of the host in <see cref="Server"/>; also sent as <c>Host</c>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Trust any server. A machine in between can read every secret: for throw-away clusters only.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary><c>http</c>, <c>https</c> or <c>socks5</c> proxy; null: HTTPS_PROXY and NO_PROXY of the environment.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Client certificate, then its intermediates.</summary>
    public PemSource? ClientCertificate { get; init; }

    /// <summary>Private key of <see cref="ClientCertificate"/> (RSA or EC, not encrypted).</summary>
    public PemSource? ClientKey { get; init; }

    /// <summary>Bearer token. <see cref="TokenFile"/> comes first where both are set.</summary>
    public string? Token { get; init; }

    /// <summary>File with the bearer token; read again every minute.</summary>
    public string? TokenFile { get; init; }

    /// <summary>User name for basic authentication.</summary>
    public string? Username { get; init; }

    /// <summary>Password for basic authentication.</summary>
    public string? Password { get; init; }

    /// <summary>Program that prints credentials; not run where there is a token, a user name or a client certificate beside it.</summary>
    public ExecPlugin? Exec { get; init; }

    /// <summary>Act as somebody else; null: as oneself.</summary>
    public Impersonation? Impersonate { get; init; }

    /// <summary>The context's namespace, or the pod's own; null where none is named.</summary>
    public string? Namespace { get; init; }

    /// <summary>Where this comes from, for messages: a file and context, or the pod.</summary>
    public string Source { get; init; } = "code";

    /// <summary>Reads a kubeconfig.</summary>
    /// <param name="path">One file. Null: the list in <c>KUBECONFIG</c>, or <c>~/.kube/config</c>.</param>
    /// <param name="context">A context's name; null: the current one.</param>
    /// <exception cref="KubeConfigException">Missing, torn, pointing nowhere, or naming what is not there.</exception>
    public static ClusterConnection FromKubeconfig(string? path = null, string? context = null) =>
        ConnectionFinder.FromKubeconfig(path, context, HostEnvironment.Real);

    /// <summary>What a pod gets from its service account.</summary>
    /// <exception cref="KubeConfigException">This process does not run in a pod with a mounted token.</exception>
    public static ClusterConnection InCluster() => ConnectionFinder.InCluster(HostEnvironment.Real);

    /// <summary>
    /// The named file; else <c>KUBECONFIG</c>; else <c>~/.kube/config</c>; else the pod's service account. A <c>KUBECONFIG</c> that names only files
    /// that do not exist is an error: falling back would act on another cluster than the one meant.
    /// </summary>
    /// <exception cref="KubeConfigException">There is none of them, or the one there is cannot be used.</exception>
    public static ClusterConnection Detect(string? path = null, string? context = null) => ConnectionFinder.Detect(path, context, HostEnvironment.Real);

    /// <inheritdoc/>
    public override string ToString() => $"{ConnectionErrors.Where(Server)} ({Source}; {Identity})";

    /// <summary>Whether it says by itself who to be, so that no plugin is asked.</summary>
    internal bool HasCredentialOfItsOwn => TokenFile is not null || Token is not null || Username is not null || ClientCertificate is not null;

    private string Identity =>
        Exec is not null && !HasCredentialOfItsOwn ? Exec.ToString()
        : TokenFile is not null ? $"token file {TokenFile}"
        : Token is not null ? "token"
        : Username is not null ? $"user {Username}"
        : ClientCertificate is not null ? $"client certificate {ClientCertificate}"
        : "anonymous";
}
