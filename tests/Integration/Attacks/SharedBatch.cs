using Xunit;

namespace Integration.Attacks;

/// <summary>The batch of all that needs the webhooks: stories that wait for the clock share their time with the attacks.</summary>
public sealed class SharedBatch : Batch, IAsyncLifetime
{
    /// <inheritdoc/>
    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Where only some rows are asked for, the others are under way all the same.</summary>
    public Task DisposeAsync() => StillAsync();
}
