namespace BreakGlass.Cli.Hosting;

/// <summary>A cluster, and how one comes to it.</summary>
internal sealed record ConnectedCluster(KubeClient Client, ClusterConnection Connection) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();
}
