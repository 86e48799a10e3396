using FluentAssertions;
using Xunit;

namespace Integration.Alone;

/// <summary>An operator that is started, by a node that comes back for example, before the API server answers.</summary>
public sealed class LateServerTests
{
    [Fact]
    public async Task It_waits_for_the_API_server_instead_of_ending_and_being_started_again_later_and_later()
    {
        var file = Path.Combine(Path.GetTempPath(), $"late-server-{Guid.NewGuid():N}.kubeconfig");
        try
        {
            await File.WriteAllTextAsync(file, """
                apiVersion: v1
                kind: Config
                current-context: late
                clusters: [{name: late, cluster: {server: "https://127.0.0.1:1"}}]
                users: [{name: operator, user: {token: "abc"}}]
                contexts: [{name: late, context: {cluster: late, user: operator}}]
                """);
            await using var waiting = RunningOperator.Launch(file, "--leader-elect=false");

            await Eventually.TrueAsync(
                () => Task.FromResult(waiting.Exit.IsCompleted || waiting.Log.Contains("Failed to list or watch breakglassgrants", StringComparison.Ordinal)),
                () => waiting.Log, expected: "a try to read grants");

            waiting.Exit.IsCompleted.Should().BeFalse(waiting.Log);
            waiting.Log.Should().Contain("unknown version");
            (await waiting.StopAsync()).Should().Be(0);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
