using Xunit;

namespace TestKit;

/// <summary>
/// Gives the one control plane that all tests of a test process share. It is started by the first test that needs it and ended with the process,
/// so that any number of classes and collections, in parallel too, can take it: as <c>IClassFixture&lt;ControlPlaneFixture&gt;</c>
/// or as <c>ICollectionFixture&lt;ControlPlaneFixture&gt;</c>. Tests keep apart by namespaces and names of their own.
/// </summary>
public sealed class ControlPlaneFixture : IAsyncLifetime
{
    private static readonly Lazy<Task<ControlPlane>> s_shared = new(StartSharedAsync);
    private ControlPlane? _controlPlane;

    /// <summary>The shared control plane.</summary>
    public ControlPlane ControlPlane => _controlPlane ?? throw new InvalidOperationException("xunit has not initialised the fixture yet.");

    /// <inheritdoc/>
    public async Task InitializeAsync() => _controlPlane = await s_shared.Value;

    /// <inheritdoc/>
    public Task DisposeAsync() => Task.CompletedTask;

    private static async Task<ControlPlane> StartSharedAsync()
    {
        var started = await ControlPlane.StartAsync();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => started.End();
        return started;
    }
}
