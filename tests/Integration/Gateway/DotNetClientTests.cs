extern alias dotnet;

using System.Text;
using BreakGlass.Core.Api;
using dotnet::k8s;
using dotnet::k8s.Autorest;
using dotnet::k8s.Models;
using FluentAssertions;
using TestKit;
using TestKit.Kubelet;
using Xunit;

namespace Integration.Gateway;

/// <summary>The official client for .NET with a grant's kubeconfig, through the gateway and a real API server.</summary>
[Collection(nameof(OneAttackedGateway))]
public sealed class DotNetClientTests(AttackedGateway stage)
{
    [Fact]
    public async Task Objects_are_listed_watched_applied_and_deleted()
    {
        var (incident, client) = await OpenAsync();
        using var own = client;
        (await client.CoreV1.ListNamespacedConfigMapAsync(incident.Namespace)).Items.Select(c => c.Metadata.Name).Should().Contain("checkout");

        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        var watch = client.CoreV1.WatchListNamespacedConfigMapAsync(
            incident.Namespace, fieldSelector: "metadata.name=applied", resourceVersion: "0", cancellationToken: limit.Token).GetAsyncEnumerator(limit.Token);
        await using var ends = watch;
        var first = watch.MoveNextAsync().AsTask();
        var applied = await client.CoreV1.PatchNamespacedConfigMapAsync(
            Apply(incident, "one"), "applied", incident.Namespace, fieldManager: "tests", force: true, cancellationToken: limit.Token);
        applied.Data.Should().Contain("text", "one äöü €");
        applied.Metadata.ManagedFields.Should().Contain(f => f.Manager == "tests" && f.Operation == "Apply");
        (await first).Should().BeTrue();
        watch.Current.Item1.Should().Be(WatchEventType.Added);
        watch.Current.Item2.Data["text"].Should().Be("one äöü €");
        await client.CoreV1.PatchNamespacedConfigMapAsync(
            Apply(incident, "two"), "applied", incident.Namespace, fieldManager: "tests", force: true, cancellationToken: limit.Token);
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Item1.Should().Be(WatchEventType.Modified);
        await client.CoreV1.DeleteNamespacedConfigMapAsync("applied", incident.Namespace, cancellationToken: limit.Token);
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Item1.Should().Be(WatchEventType.Deleted);
        var missing = await FluentActions.Awaiting(() => client.CoreV1.ReadNamespacedConfigMapAsync("applied", incident.Namespace))
            .Should().ThrowAsync<HttpOperationException>();
        missing.Which.Response.StatusCode.Should().Be(System.Net.HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_command_in_a_pod_gets_its_input_and_gives_its_output_and_its_exit_code()
    {
        var (incident, client) = await OpenAsync();
        using var own = client;
        var kubelet = await stage.KubeletAsync();
        var pod = await kubelet.RunPodAsync(incident.Namespace, "web", new ContainerSpec("tools"));
        var output = "";
        var code = await client.NamespacedPodExecAsync(
            pod.Name, pod.Namespace, "tools", ["sh", "-c", "head -c 6; echo done; exit 7"], false, async (input, stdout, _) =>
            {
                await input.WriteAsync("line 1"u8.ToArray());
                await input.FlushAsync();
                using var reader = new StreamReader(stdout, Encoding.UTF8, leaveOpen: true);
                output = await reader.ReadToEndAsync();
            }, CancellationToken.None);
        output.Should().Be("line 1done\n");
        code.Should().Be(7);
    }

    [Fact]
    public async Task After_the_end_of_the_grant_the_client_throws_the_sentence_of_the_gateway()
    {
        var (incident, client) = await OpenAsync();
        using var own = client;
        await client.CoreV1.ListNamespacedConfigMapAsync(incident.Namespace);
        await incident.RevokeAsync();
        await incident.WaitForPhaseAsync(GrantPhase.Revoked);
        HttpOperationException? refused = null;
        await Eventually.TrueAsync(
            async () => (refused = await RefusalAsync(client, incident))?.Response.Content.Contains($"the grant {incident.Grant} ended") is true,
            () => $"{refused?.Response.Content}", expected: "the sentence of the gateway, whose own watch brings the end");
        refused!.Response.StatusCode.Should().Be(System.Net.HttpStatusCode.Unauthorized);
    }

    /// <summary>What the client throws; null if it gets an answer, or the end comes in the middle of the request and breaks it off.</summary>
    private static async Task<HttpOperationException?> RefusalAsync(Kubernetes client, Incident incident)
    {
        try
        {
            await client.CoreV1.ListNamespacedConfigMapAsync(incident.Namespace);
            return null;
        }
        catch (HttpOperationException e)
        {
            return e;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static V1Patch Apply(Incident incident, string text) => new(
        $$$"""
        {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied","namespace":"{{{incident.Namespace}}}"},"data":{"text":"{{{text}}} äöü €"}}
        """,
        V1Patch.PatchType.ApplyPatch);

    private async Task<(Incident Incident, Kubernetes Client)> OpenAsync()
    {
        var incident = await Incident.BeginAsync(stage.Cluster, "  session: {path: Gateway}");
        (await incident.ActivateAsync("30m")).Status.Path.Should().Be(SessionPath.Gateway);
        return (incident, new(KubernetesClientConfiguration.BuildConfigFromConfigFile(await incident.FetchKubeconfigAsync())));
    }
}
