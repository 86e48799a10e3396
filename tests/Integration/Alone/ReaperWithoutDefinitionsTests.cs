using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>The reaper on a cluster where the definitions are gone, as after a careless uninstall.</summary>
public sealed class ReaperWithoutDefinitionsTests
{
    [Fact]
    public async Task It_needs_none_of_our_kinds()
    {
        await using var cluster = await TestCluster.StartAsync(withDefinitions: false);
        var incident = await Incident.BeginAsync(cluster, withPolicy: false);
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, Backup.Of(incident, "2020-01-01T00:00:00Z"));
        await incident.AllowedAsync(cluster.Mallory);

        var (exitCode, log) = await RunningOperator.ReapAsync(cluster.ReaperKubeconfig);

        exitCode.Should().Be(0, log);
        await incident.RefusedAsync(cluster.Mallory);
        await incident.NothingLeftAsync();
    }
}
