namespace Kube.Client;

/// <summary>Credentials and certificates of one cluster, shared by all connections to it.</summary>
internal sealed class ClusterAccess : IDisposable
{
    private static readonly TimeSpan CertificatePeriod = TimeSpan.FromMinutes(5);

    private readonly Polled<TlsMaterial> _tls;

    public ClusterAccess(ClusterConnection connection, TimeProvider time, KubeClientOptions options)
    {
        Connection = connection;
        Credentials = CredentialSource.Of(connection, time, options);
        _tls = new Polled<TlsMaterial>(last => TlsMaterial.Read(connection, last), CertificatePeriod, time, options.OnReloadFailed);
        _tls.Get(); // a certificate that cannot be used is said at once, not with the first request
    }

    public ClusterConnection Connection { get; }

    public CredentialSource Credentials { get; }

    public TlsMaterial Tls => _tls.Get();

    /// <summary>Has a credential ready.</summary>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken) => await Credentials.GetAsync(cancellationToken);

    public void Dispose() => Credentials.Dispose();
}
