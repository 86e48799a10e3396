using System.Net;
using System.Net.Security;
using System.Text;
using FluentAssertions;
using Kube.Client;
using TestKit;
using TestKit.Kubelet;

namespace Integration.Gateway;

/// <summary>Attacks by which a stream is to outlive its grant.</summary>
internal static class StreamRows
{
    private static readonly TimeSpan s_cut = Eventually.Limit;

    public static IReadOnlyList<GatewayRow> All { get; } =
    [
        new("The holder of a grant", "goes on to write into a shell and ignores that it is closed", async s =>
        {
            var (incident, connection) = await s.Stage.OpenAsync();
            var kubelet = await s.Stage.KubeletAsync();
            var pod = await kubelet.RunPodAsync(incident.Namespace, "web", new ContainerSpec("tools"));
            await using var stream = await s.ConnectAsync(s.Stage.CertificateOf(connection));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"GET /api/v1/namespaces/{pod.Namespace}/pods/{pod.Name}/exec?container=tools&command=cat&stdin=true&stdout=true HTTP/1.1\r\n"
                    + "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"));
            await stream.FlushAsync();
            var session = await kubelet.SessionAsync(k => k.Kind == "exec" && k.Pod == $"{pod.Namespace}/{pod.Name}", "the shell");

            await incident.RevokeAsync();

            // A message for the channel of standard input, with a mask of zeros.
            var rest = await RestAsync(stream, "\u0082\u0086\0\0\0\0\0line\n");
            await session.Ended.Soon("the end of the shell at the kubelet", s_cut);
            rest.Should().Contain($"the grant {incident.Grant}", "the last words");
            await s.RefusedAsync(s.Stage.CertificateOf(connection), $"the grant {incident.Grant}");
        }),
        new("Somebody who stops the gateway's watch without a sign of it", "goes on with a watch after the grant was revoked", async s =>
        {
            await using var gateway = await OwnGateway.StartAsync(s.Stage);
            var (incident, connection) = await s.Stage.OpenAsync();
            using var watch = await WatchAsync(s, gateway.Address, connection, incident);
            gateway.Line.WatchesAreDead = true;

            await incident.RevokeAsync();

            await EndsAsync(watch, incident);
            await RefusedAsync(s, gateway.Address, connection, incident);
        }),
        new("Somebody who sets the gateway's clock back and cuts its line to the API server", "goes on with a watch after the grant has expired", async s =>
        {
            await using var gateway = await OwnGateway.StartAsync(s.Stage, TimeSpan.FromHours(1));
            StreamReader? opened = null;
            var (incident, connection) = await s.Stage.OpenBrieflyAsync(30, async (begun, to) =>
            {
                opened?.Dispose();
                opened = await WatchAsync(s, gateway.Address, to, begun);
            });
            using var watch = opened!;
            gateway.Clock.OffBy = -TimeSpan.FromHours(5);
            gateway.Line.IsCut = true;

            await Eventually.AtAsync((await incident.ReadAsync()).Status.ExpiresAt!.Value);

            await EndsAsync(watch, incident);
            await RefusedAsync(s, gateway.Address, connection, incident);
        }),
        new("Somebody who cuts the gateway's line to the API server", "comes with a good certificate after the limit of staleness", async s =>
        {
            await using var gateway = await OwnGateway.StartAsync(s.Stage, TimeSpan.FromSeconds(2));
            gateway.Line.IsCut = true;
            var client = s.Client(s.Stage.Certificate, address: gateway.Address);
            await Eventually.TrueAsync(async () =>
            {
                using var answer = await client.GetAsync($"/api/v1/namespaces/{s.Stage.Mine.Namespace}/configmaps/checkout");
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable;
            }, expected: "a gateway that admits nothing new");
            using var request = new HttpRequestMessage(HttpMethod.Get, s.Target);
            (await GatewayScene.SendAsync(client, request)).Says.Should().Contain("cannot read the state of the grant");
            await s.NothingPassedAsync();
        }),
        GoesOn("goes on with a watch under a lockdown", async incident =>
        {
            await incident.Cluster.AdminAsync("label", "bgp", incident.Policy, $"incident={incident.Grant}");
            await incident.Cluster.ApplyAsync(incident.Cluster.ControlPlane.AdminKubeconfig, $$"""
                apiVersion: breakglass.dev/v1alpha1
                kind: BreakGlassLockdown
                metadata: {name: {{incident.Grant}}}
                spec:
                  reason: token leaked
                  policySelector: {matchLabels: {incident: {{incident.Grant}} } }
                """);
        }),
        GoesOn("goes on with a watch after the policy was suspended", incident => incident.Cluster.AdminAsync(
            "patch", "bgp", incident.Policy, "--type=merge", "-p", """{"spec":{"suspended":true}}""")),
        GoesOn("goes on with a watch after the grant was deleted", incident => incident.Cluster.AdminAsync(
            "delete", "bgg", incident.Grant, Eventually.KubectlTimeout)),
    ];

    /// <summary>Sends on and on, and reads until the gateway has broken the connection off; gives what came.</summary>
    public static async Task<string> RestAsync(SslStream stream, string keepsSending)
    {
        using var limit = new CancellationTokenSource(s_cut, TimeProvider.System);
        var message = Encoding.Latin1.GetBytes(keepsSending);
        var writing = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await stream.WriteAsync(message, limit.Token);
                    await stream.FlushAsync(limit.Token);
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        });
        var came = new MemoryStream();
        try
        {
            await stream.CopyToAsync(came, limit.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Broken off, or the limit is over, which the other side tells.
        }

        (await writing).Should().BeTrue("the gateway breaks off a connection that goes on");
        return Encoding.Latin1.GetString(came.ToArray());
    }

    /// <summary>A watch through the stage's gateway while the operator runs: the one that learns of the end first ends it.</summary>
    private static GatewayRow GoesOn(string does, Func<Incident, Task> stopAsync) => new("The holder of a grant", does, async s =>
    {
        var (incident, connection) = await s.Stage.OpenAsync();
        using var watch = await WatchAsync(s, s.Stage.Address, connection, incident);
        try
        {
            await stopAsync(incident);

            await EndsAsync(watch, incident);
            await RefusedAsync(s, s.Stage.Address, connection, incident);
        }
        finally
        {
            // A lockdown covers grants of policies that are not known yet, whatever its selector.
            await s.Stage.Cluster.AdminAsync("delete", "bgl", incident.Grant, "--ignore-not-found");
        }
    });

    private static async Task<StreamReader> WatchAsync(GatewayScene scene, Uri gateway, ClusterConnection connection, Incident incident)
    {
        var client = scene.Client(scene.Stage.CertificateOf(connection), address: gateway);
        StreamReader? reader = null;
        await Eventually.TrueAsync(async () =>
        {
            reader?.Dispose();

            // From what the server has in memory: else a new server (Kubernetes 1.31 and later) waits for an etcd that may be too old to tell it where it is.
            var answer = await client.GetAsync(
                $"/api/v1/namespaces/{incident.Namespace}/configmaps?watch=true&resourceVersion=0", HttpCompletionOption.ResponseHeadersRead);
            reader = new(await answer.Content.ReadAsStreamAsync());
            return answer.IsSuccessStatusCode && (await reader.ReadLineAsync())?.Contains("ADDED", StringComparison.Ordinal) is true;
        }, expected: "an open watch");
        return reader!;
    }

    private static async Task EndsAsync(StreamReader watch, Incident incident)
    {
        using var limit = new CancellationTokenSource(s_cut, TimeProvider.System);
        var last = "";
        while (await watch.ReadLineAsync(limit.Token) is { } line) last = line;
        last.Should().Contain("ERROR").And.Contain($"the grant {incident.Grant}");
    }

    private static async Task RefusedAsync(GatewayScene scene, Uri gateway, ClusterConnection connection, Incident incident)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, scene.Target);
        var answer = await GatewayScene.SendAsync(scene.Client(scene.Stage.CertificateOf(connection), address: gateway), request);
        answer.Code.Should().Be(401, answer.Text);
        answer.Says.Should().Contain($"the grant {incident.Grant}");
        await scene.NothingPassedAsync();
    }
}
