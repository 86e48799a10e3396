using System.Globalization;
using Integration.Admission;
using TestKit;
using Xunit;

namespace Integration.Cli;

/// <summary>A cluster with the operator behind its webhooks, so that who asks is who the API server says, whatever the plugin sends.</summary>
public sealed class PluginCluster : IAsyncLifetime
{
    private TestCluster? _cluster;
    private RunningOperator? _operator;

    internal TestCluster Cluster => _cluster!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        var port = Ports.Free();
        await AdmissionCluster.InstallWebhooksAsync(_cluster, port);
        _operator = await _cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1");
        await AdmissionCluster.EnforcedAsync(_cluster.ControlPlane);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }
}
