using System.Text.Json.Nodes;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration;

/// <summary>A client that only rehearses, on a real API server: it is judged, and nothing changes.</summary>
public sealed class DryRunTests(ControlPlaneFixture fixture) : IClassFixture<ControlPlaneFixture>
{
    [Fact]
    public async Task A_rehearsed_write_is_judged_and_changes_nothing()
    {
        using var timeUp = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        var options = new KubeClientOptions { RequestTimeout = TimeSpan.FromSeconds(60) };
        using var real = new KubeClient(ClusterConnection.FromKubeconfig(fixture.ControlPlane.AdminKubeconfig), TimeProvider.System, options);
        using var rehearsal = real.WithOwnConnection(options with { DryRun = true });
        var role = await real.CreateAsync(Role($"dry-{Guid.NewGuid():N}"), timeUp.Token);
        var (name, ns) = (role.Metadata.Name, role.Metadata.NamespaceProperty);
        var rules = new[] { new V1PolicyRule { Verbs = ["get"], ApiGroups = [""], Resources = ["pods"] } };
        JsonObject Labels() => new() { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["a"] = "b" } } };

        (await rehearsal.CreateAsync(Role(name + "-2"), timeUp.Token)).Metadata.Uid.Should().NotBeNullOrEmpty("the server has judged it");
        (await rehearsal.ReplaceAsync(role with { Rules = rules }, timeUp.Token)).Rules.Should().ContainSingle();
        (await rehearsal.MergePatchAsync<V1Role>(name, ns, Labels(), timeUp.Token)).LabelsOrEmpty.Should().ContainKey("a");
        (await rehearsal.DeleteAsync<V1Role>(name, ns, DeleteOptions.Default, timeUp.Token)).Should().BeTrue();
        (await rehearsal.DeleteAsync<V1Role>(name, ns, new() { Uid = role.Metadata.Uid }, timeUp.Token)).Should().BeTrue();
        var other = () => rehearsal.DeleteAsync<V1Role>(name, ns, new() { Uid = "another" }, timeUp.Token);
        (await other.Should().ThrowAsync<KubeApiException>()).Which.IsConflict.Should().BeTrue();

        (await real.GetAsync<V1Role>(name, ns, timeUp.Token)).Metadata.ResourceVersion.Should().Be(role.Metadata.ResourceVersion);
        (await real.TryGetAsync<V1Role>(name + "-2", ns, timeUp.Token)).Should().BeNull();
    }

    private static V1Role Role(string name) => new() { Metadata = new() { Name = name, NamespaceProperty = "default" } };
}
