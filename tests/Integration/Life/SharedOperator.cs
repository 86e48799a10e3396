using FluentAssertions;
using Xunit;

namespace Integration.Life;

/// <summary>
/// One cluster with one operator for all tests that leave both alone. It is started by the first test that needs it and ends with the process, so
/// that any number of classes, in parallel too, can take it.
/// </summary>
public sealed class SharedOperator : IAsyncLifetime
{
    private static readonly Lazy<Task<(TestCluster, RunningOperator)>> s_shared = new(StartAsync);
    private (TestCluster Cluster, RunningOperator Operator)? _shared;

    internal TestCluster Cluster => _shared!.Value.Cluster;

    internal RunningOperator Operator => _shared!.Value.Operator;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _shared = await s_shared.Value;

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        Operator.Exit.IsCompleted.Should().BeFalse($"nothing that happens in a cluster ends the operator; it said\n{Operator.Log}");
        return Task.CompletedTask;
    }

    /// <summary>
    /// Waits until the operator has seen all that was done before: another grant, asked for after it, was answered. For tests that nothing happens.
    /// </summary>
    internal async Task SettledAsync()
    {
        var after = await Incident.BeginAsync(Cluster);
        await after.AskAsync("2h");
        await after.WaitForPhaseAsync(BreakGlass.Core.Api.GrantPhase.Denied);
    }

    private static async Task<(TestCluster, RunningOperator)> StartAsync()
    {
        var cluster = await TestCluster.StartAsync();

        // Nobody takes over from it, so that a machine that stands still for some seconds costs no term, and with it the work of many classes.
        return (cluster, await RunningOperator.StartAsync(cluster.OperatorKubeconfig, "--lease-duration=120s", "--renew-deadline=90s"));
    }
}
