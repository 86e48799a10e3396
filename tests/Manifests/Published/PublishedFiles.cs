using System.Runtime.InteropServices;
using FluentAssertions;
using Manifests.Chart;
using TestKit;
using Xunit;

namespace Manifests.Published;

/// <summary>
/// The operator and the plugin as <c>hack/publish.sh</c> makes them of this commit, once for all tests. The script treats warnings of the trimmer as errors.
/// <c>PUBLISHED=1</c> takes the files that are there.
/// </summary>
public sealed class PublishedFiles : IAsyncLifetime
{
    private const int Seconds = 60 * 60;

    /// <summary>The operator's file.</summary>
    public string Operator { get; } = PathOf("breakglass-operator");

    /// <summary>The plugin's file.</summary>
    public string Plugin { get; } = PathOf("kubectl-breakglass");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("PUBLISHED") == "1") return;
        var published = await Tool.RunAsync(Tool.Hack("publish.sh"), [], Seconds);
        published.ExitCode.Should().Be(0, published.Output + published.Error);
    }

    /// <inheritdoc/>
    public Task DisposeAsync() => Task.CompletedTask;

    private static string PathOf(string name)
    {
        var rid = RuntimeInformation.OSArchitecture is Architecture.Arm64 ? "linux-arm64" : "linux-x64";
        return Path.Combine(Golden.RepositoryRoot, "artifacts", "publish", $"{name}-{rid}", name);
    }
}
