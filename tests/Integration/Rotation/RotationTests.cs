using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Certificates;
using BreakGlass.Operator.Sealing;
using FluentAssertions;
using Integration.Admission;
using Integration.Cli;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Rotation;

/// <summary>
/// Keys that are rotated on request with the plugin, on a real API server with two replicas behind its webhooks: one answers the mutating webhook, the other
/// the validating one, so that they must agree all the time.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class RotationTests : IAsyncLifetime
{
    private const string Ns = "breakglass-system";

    private readonly List<(RunningOperator Operator, int Port)> _replicas = [];
    private readonly List<string> _logs = [];
    private TestCluster? _cluster;
    private string _rotator = "";

    private TestCluster Cluster => _cluster!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        var (mutating, validating) = (Ports.Free(), Ports.Free());
        await AdmissionCluster.InstallWebhooksAsync(Cluster, mutating);
        await SendToAsync("validatingwebhookconfiguration", validating);
        foreach (var port in new[] { mutating, validating }) _replicas.Add((RunningOperator.Launch(Cluster.OperatorKubeconfig, Options(port)), port));

        await Cluster.AdminAsync("create", "rolebinding", "-n", Ns, "rotators", "--clusterrole=breakglass-key-rotator", "--group=rotators");
        _rotator = await Cluster.ControlPlane.UserKubeconfigAsync("rita", ["rotators"]);
        await Eventually.TrueAsync(async () => (await RehearseAsync($"ready-{Guid.NewGuid():N}")) is null, Logs, expected: "webhooks that answer");
        await Eventually.TrueAsync(
            async () => await Cluster.Admin.TryGetAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, CancellationToken.None) is not null, Logs,
            expected: "the ConfigMap of rotations");
    }

    public async Task DisposeAsync()
    {
        foreach (var replica in _replicas) await replica.Operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    [Fact]
    public Task Seal_keys_are_rotated_while_a_grant_is_active_and_it_keeps_its_access_and_its_end() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(Cluster);
        await Cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        await incident.ActivateAsync("10m");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await PlannedAsync(plugin, incident, kubeconfig);
        var leaked = (await KeysAsync()).All.Single();

        var rotated = await plugin.KubectlAsync(_rotator, "breakglass", "rotate", "seals", "--overlap", "0");

        rotated.Code.Should().Be(0, $"{rotated.Error}\n{Logs()}");
        rotated.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split(' ')[..2]))
            .Should().Equal("seals: NewKey:", "seals: Replaced:", "seals: OldRefused:");
        rotated.Out.Should().NotContain(Convert.ToBase64String(leaked.Secret.Span));
        var keys = await KeysAsync();
        keys.All.Should().ContainSingle().Which.Id.Should().NotBe(leaked.Id);
        var grant = await incident.ReadAsync();
        Seal.Verify(grant, keys).Should().Be(SealState.Valid);
        RecordSeal.Verify(grant, keys).Should().Be(SealState.Valid);
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue("its access rests on the new key");

        // What somebody seals with the leaked key and puts past the webhooks gives nothing.
        await Cluster.AdminAsync("delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "breakglass-operator");
        var now = TimeProvider.System.GetUtcNow();
        var forged = new BreakGlassGrant
        {
            Metadata = new() { Name = "forged" },
            Spec = new()
            {
                Policy = incident.Policy, Justification = "checkout returns 5xx since the deploy", Ticket = "INC-1",
                Requester = new() { Username = "mallory", Groups = ["payments-oncall"], GroupCount = 1 },
            },
        };
        forged = forged with { Metadata = new() { Name = "forged", Annotations = new Dictionary<string, string>
            { [Seal.Annotation] = Seal.Make(forged, leaked, now).ToString() } } };
        await Eventually.TrueAsync(async () => await TryAsync(() => Cluster.Admin.CreateAsync(forged, CancellationToken.None)), Logs,
            expected: "a create past the webhooks");
        await Eventually.TrueAsync(
            async () => (await Cluster.GrantAsync("forged"))?.Status.Phase is GrantPhase.Denied, Logs, expected: "the denial of a forged grant");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    });

    /// <summary>A rotation with an overlap: both keys verify until it is over, and the grant keeps its access all the time.</summary>
    private async Task PlannedAsync(Plugin plugin, Incident incident, string kubeconfig)
    {
        var before = await incident.ReadAsync();
        var planned = await plugin.KubectlAsync(_rotator, "breakglass", "rotate", "seals", "--overlap", "30s", "--wait=false");
        planned.Code.Should().Be(0, planned.Error);
        var both = await Eventually.GetAsync(async () => await KeysAsync() is { All.Count: 2 } two ? two : null, Logs, expected: "two keys");
        Seal.Verify(before, both).Should().Be(SealState.Valid);
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue();

        await Eventually.TrueAsync(async () => (await ProgressAsync())[RotatedKeys.Seals]?.IsOver is true, Logs, expected: "the end of the overlap");
        var (after, left) = (await incident.ReadAsync(), await KeysAsync());
        left.All.Should().ContainSingle();
        Seal.Verify(before, left).Should().NotBe(SealState.Valid, "the old key is dropped");
        Seal.Verify(after, left).Should().Be(SealState.Valid);
        RecordSeal.Verify(after, left).Should().Be(SealState.Valid);
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue();
    }

    [Fact]
    public Task The_leader_is_killed_in_the_middle_and_all_keys_are_rotated_while_writes_go_through() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(Cluster);
        await Cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        await incident.ActivateAsync("15m");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        var (leaked, authority) = ((await KeysAsync()).All.Single(), (await CertificatesAsync()).Thumbprints().Single());

        await WhileWritingAsync(async () =>
        {
            var rotated = await plugin.KubectlAsync(_rotator, "breakglass", "rotate", "all", "--overlap", "0", "--wait=false");
            rotated.Code.Should().Be(0, rotated.Error);
            await Eventually.TrueAsync(
                async () => (await ProgressAsync())[RotatedKeys.WebhookAuthority]?.Phase is RotationPhase.NewKey, Logs, expected: "a new authority");
        });
        await KillLeaderAsync();
        (await ProgressAsync())[RotatedKeys.WebhookAuthority]!.Phase.Should().Be(RotationPhase.NewKey, "the leader died in the middle");
        await ReplaceTheDeadAsync();
        await WhileWritingAsync(() => Eventually.TrueAsync(
            async () => (await ProgressAsync()).All(p => p.Value?.IsOver is true), Logs, TimeSpan.FromMinutes(6), "the end of all rotations"));

        var progress = await ProgressAsync();
        progress[RotatedKeys.GatewayAuthority].Should().Match<RotationProgress>(p => p.Refused && p.Problem!.Contains("has no gateway"));
        foreach (var key in new[] { RotatedKeys.Seals, RotatedKeys.WebhookAuthority }) progress[key]!.Phase.Should().Be(RotationPhase.OldRefused, key);
        (await KeysAsync()).All.Should().ContainSingle().Which.Id.Should().NotBe(leaked.Id);
        var newest = (await CertificatesAsync()).Thumbprints().Should().ContainSingle().Subject;
        newest.Should().NotBe(authority);
        var configuration = await Cluster.Admin.GetAsync<V1ValidatingWebhookConfiguration>("breakglass-operator", null, CancellationToken.None);
        Encoding.UTF8.GetString(configuration.Webhooks[0].ClientConfig.CaBundle!).Split("BEGIN CERTIFICATE").Should().HaveCount(2);
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue();

        // With an overlap, so that the time in which both keys are there is not missed.
        var again = await plugin.KubectlAsync(_rotator, async _ =>
        {
            await Eventually.TrueAsync(async () => (await KeysAsync()).All.Count > 1, Logs, expected: "a second rotation that has begun");
            await KillLeaderAsync();
        }, "breakglass", "rotate", "seals", "--overlap", "45s");

        again.Code.Should().Be(0, $"{again.Error}\n{Logs()}");
        again.Out.Should().NotContain("could not be sealed again");
        await Eventually.TrueAsync(async () => (await KeysAsync()).All.Count == 1, Logs, expected: "the end of the overlap");
        var keys = await KeysAsync();
        keys.All.Should().ContainSingle();
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue("the next leader has completed it");
        RecordSeal.Verify(await incident.ReadAsync(), keys).Should().Be(SealState.Valid);
    });

    private static string[] Options(int port) =>
    [
        "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
        "--webhook-extra-names=127.0.0.1", "--lease-duration=15s", "--renew-deadline=10s", "--retry-period=1s",
    ];

    /// <summary>Kills the replica that leads, and has the other one answer all webhooks, as a Service does when a pod is gone.</summary>
    private async Task KillLeaderAsync()
    {
        var leader = await _replicas[0].Operator.LeadsAsync() ? _replicas[0] : _replicas[1];
        await leader.Operator.KillAsync();
        _replicas.Remove(leader);
        _logs.Add(leader.Operator.Log);
        await leader.Operator.DisposeAsync();
        foreach (var kind in (string[])["mutatingwebhookconfiguration", "validatingwebhookconfiguration"]) await SendToAsync(kind, _replicas.Single().Port);
    }

    /// <summary>Starts another replica, which then answers the mutating webhook.</summary>
    private async Task ReplaceTheDeadAsync()
    {
        var port = Ports.Free();
        _replicas.Add((await RunningOperator.StartAsync(Cluster.OperatorKubeconfig, Options(port)), port));
        await SendToAsync("mutatingwebhookconfiguration", port);
        await Eventually.TrueAsync(async () => (await RehearseAsync($"ready-{Guid.NewGuid():N}")) is null, Logs, expected: "webhooks that answer");
    }

    private async Task<IReadOnlyDictionary<string, RotationProgress?>> ProgressAsync()
    {
        var map = await Cluster.Admin.GetAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, CancellationToken.None);
        return RotatedKeys.All.ToDictionary(key => key, key => RotationProgress.Read(map.Data.OrEmpty().GetValueOrDefault(RotatedKeys.ProgressOf(key))));
    }

    private string Logs() => string.Join("\n----\n", _logs.Concat(_replicas.Select(r => r.Operator.Log)));

    private static async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (KubeApiException)
        {
            return false;
        }
    }

    private async Task<SealKeys> KeysAsync() =>
        SealKeys.Of(await Cluster.Admin.GetAsync<V1Secret>(SealKeyring.SecretName, Ns, CancellationToken.None));

    private async Task<ManagedCertificates> CertificatesAsync() =>
        ManagedCertificates.Read((await Cluster.Admin.GetAsync<V1Secret>(CertificateManager.SecretName, Ns, CancellationToken.None)).Data)!;

    /// <summary>Writes all the time while something happens. Each write must go through.</summary>
    private async Task WhileWritingAsync(Func<Task> happens)
    {
        using var stop = new CancellationTokenSource();
        var writes = Task.Run(() => WriteAsync(stop.Token));
        try
        {
            await happens();
        }
        finally
        {
            await stop.CancelAsync();
        }

        var (written, failed) = await Eventually.WithinLimitAsync(writes, "the end of the writes");
        written.Should().BePositive();
        failed.Should().BeEmpty($"{written} writes went through\n{Logs()}");
    }

    private async Task<(int Written, List<string> Failed)> WriteAsync(CancellationToken cancellationToken)
    {
        var (written, failed) = (0, new List<string>());
        for (; !cancellationToken.IsCancellationRequested; written++)
            if (await RehearseAsync($"load-{written.ToString(CultureInfo.InvariantCulture)}") is { } problem) failed.Add(problem);
        return (written, failed);
    }

    /// <summary>A write that both webhooks must answer: a policy, as a rehearsal. One that they did not answer in time is repeated.</summary>
    private async Task<string?> RehearseAsync(string name)
    {
        var answer = await Guard.TooSlow.AgainAsync(() => Cluster.ControlPlane.KubectlAsync(
            Cluster.ControlPlane.AdminKubeconfig, ["create", "--dry-run=server", "-f", "-"], Admission.Manifests.Policy(name)));
        return answer.ExitCode == 0 ? null : answer.Error;
    }

    /// <summary>Has the API server ask one replica for all webhooks of a kind.</summary>
    private async Task SendToAsync(string kind, int port)
    {
        var urls = (await Cluster.AdminAsync("get", kind, "breakglass-operator", "-o", "jsonpath={.webhooks[*].clientConfig.url}")).Split(' ');
        var patch = urls.Select((url, i) =>
            $$"""{"op":"replace","path":"/webhooks/{{i}}/clientConfig/url","value":"https://127.0.0.1:{{port}}{{new Uri(url).AbsolutePath}}"}""");
        await Cluster.AdminAsync("patch", kind, "breakglass-operator", "--type=json", "-p", $"[{string.Join(',', patch)}]");
    }
}
