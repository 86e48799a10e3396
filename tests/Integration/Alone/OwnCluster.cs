using Xunit;

namespace Integration.Alone;

/// <summary>A cluster in which no operator runs but the ones that a test starts and kills; the tests of a class have it one after another.</summary>
public sealed class OwnCluster : IAsyncLifetime
{
    private TestCluster? _cluster;

    internal TestCluster Cluster => _cluster!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _cluster = await TestCluster.StartAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}

/// <summary>Tests of several classes that share one cluster, one after another.</summary>
[CollectionDefinition(nameof(OneCluster))]
public sealed class OneCluster : ICollectionFixture<OwnCluster>;
