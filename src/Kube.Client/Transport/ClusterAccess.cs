namespace Kube.Client;

/// <summary>Credentials and certificates of one cluster, shared by all connections to it.</summary>
internal sealed class ClusterAccess : IDisposable
{
    private static readonly TimeSpan CertificatePeriod = TimeSpan.FromMinutes(5);

    private readonly ReloadingFile<TlsMaterial> _tls;

    public ClusterAccess(ClusterConnection connection, TimeProvider time, KubeClientOptions options)
    {
        Connection = connection;
        Check(connection);
        Credentials = CredentialSource.Of(connection, time, options);
        _tls = new ReloadingFile<TlsMaterial>(last => TlsMaterial.Read(connection, last), CertificatePeriod, time, options.OnReloadFailed);
        _tls.Get(); // a certificate that cannot be used is said at once, not with the first request
    }

    public ClusterConnection Connection { get; }

    public CredentialSource Credentials { get; }

    public TlsMaterial Tls => _tls.Get();

    /// <summary>Has a credential ready.</summary>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken) => await Credentials.GetAsync(cancellationToken);

    /// <summary>
    /// The API server reads each group from a header line of its own, and the .NET HTTP stack joins equal headers into one: two groups would
    /// arrive as one that has both names. Better no connection than one with other rights than were meant.
    /// </summary>
    private static void Check(ClusterConnection connection)
    {
        if (connection.Impersonate is not { } who || (who.Groups.Count <= 1 && who.Extra.All(e => e.Value.Count <= 1))) return;
        throw new KubeConfigException(
            $"{connection.Source}: as-groups and as-user-extra with more than one value are not supported. " +
            "Use one group, or authenticate as the user directly.");
    }

    public void Dispose() => Credentials.Dispose();
}
