using System.Diagnostics;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration;

/// <summary>Several control planes run side by side, and none leaves anything behind, however it ends.</summary>
public sealed class ControlPlaneLifeTests
{
    private static readonly TimeSpan s_limit = Eventually.Limit;
    private static readonly string[] s_parts = ["etcd", "kube-apiserver", "kube-controller-manager"];

    [Fact]
    public async Task Two_run_at_once_and_know_nothing_of_each_other_and_end_cleanly_when_killed_or_disposed()
    {
        var both = await Task.WhenAll(ControlPlane.StartAsync(), ControlPlane.StartAsync("--goaway-chance=0.01"));
        await using var first = both[0];
        await using var second = both[1];
        var firstParts = PartsOf(first);
        var secondParts = PartsOf(second);

        first.Server.Should().NotBe(second.Server);
        await first.AdminAsync(["create", "namespace", "only-here"]);
        (await second.KubectlAsync(second.AdminKubeconfig, ["get", "namespace", "only-here"])).Error.Should().Contain("NotFound");
        (await second.KubectlAsync(first.AdminKubeconfig, ["get", "namespace", "only-here"])).OrThrow();

        Process.GetProcessById(first.ProcessId).Kill();
        await HaveEndedAsync(firstParts);

        (await second.KubectlAsync(second.AdminKubeconfig, ["get", "namespaces"])).OrThrow();
        await second.DisposeAsync();
        await HaveEndedAsync(secondParts);
        Directory.Exists(second.Directory).Should().BeFalse();
        await first.DisposeAsync();
        Directory.Exists(first.Directory).Should().BeFalse();
    }

    private static Process[] PartsOf(ControlPlane controlPlane) => [.. s_parts.Select(part => Process.GetProcessById(controlPlane.ProcessIdOf(part)))];

    private static async Task HaveEndedAsync(Process[] parts)
    {
        foreach (var part in parts)
        {
            using var timeUp = new CancellationTokenSource(s_limit, TimeProvider.System);
            var ending = async () => await part.WaitForExitAsync(timeUp.Token);
            await ending.Should().NotThrowAsync($"process {part.Id} was expected to end with its control plane within {s_limit.TotalSeconds:0} s");
            part.Dispose();
        }
    }
}
