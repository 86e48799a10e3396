using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Certificates;
using FluentAssertions;
using Integration.Cli;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Kubelet;
using Xunit;

namespace Integration.Gateway;

/// <summary>What kubectl does with a grant's kubeconfig through the gateway, on a real API server.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class GatewayRequestTests(GatewayCluster shared) : IClassFixture<GatewayCluster>
{
    private const string Ns = "breakglass-system";

    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task Answers_through_the_gateway_are_those_of_the_API_server_byte_for_byte()
    {
        var (incident, kubeconfig) = await ActivateAsync();
        foreach (var i in Enumerable.Range(0, 7))
            await _cluster.AdminAsync("create", "configmap", $"many-{i}", "-n", incident.Namespace, "--from-literal=text=äöü €");
        var collection = $"/api/v1/namespaces/{incident.Namespace}/configmaps";
        var version = (string)JsonNode.Parse(await _cluster.AdminAsync("get", "--raw", collection))!["metadata"]!["resourceVersion"]!;
        string[] paths =
        [
            $"{collection}/checkout",
            $"{collection}?resourceVersion={version}&resourceVersionMatch=Exact&limit=500",
            $"{collection}?resourceVersion={version}&resourceVersionMatch=Exact&limit=500&fieldSelector=metadata.name%3Dcheckout",
            $"{collection}?resourceVersion={version}&resourceVersionMatch=Exact&limit=500&labelSelector=a%21%3Db",
            "/version",
            "/api",
            "/apis/apps/v1",
        ];
        foreach (var path in paths)
        {
            // A list of one name is a get at some API servers, and then has the version of the moment: the session's record is written meanwhile.
            var direct = WithoutListVersion(await _cluster.AdminAsync("get", "--raw", path));
            WithoutListVersion((await _cluster.KubectlAsync(kubeconfig, "get", "--raw", path)).OrThrow()).Should().Be(direct, path);
        }

        string[][] commands =
        [
            ["get", "configmap", "checkout", "-o", "yaml"],
            ["get", "configmaps", "--chunk-size=2", "-o", "name"],
            ["get", "configmaps", "--chunk-size=3", "-o", "wide", "--no-headers"],
            ["get", "configmaps", "--sort-by=.metadata.name", "-o", "custom-columns=NAME:.metadata.name"],
        ];
        foreach (var command in commands)
        {
            string[] arguments = [.. command, "-n", incident.Namespace];
            var direct = await _cluster.AdminAsync(arguments);
            WithoutAge((await _cluster.KubectlAsync(kubeconfig, arguments)).OrThrow()).Should().Be(WithoutAge(direct), string.Join(' ', command));
        }

        var forbidden = await _cluster.KubectlAsync(kubeconfig, "get", "secrets", "-n", "kube-system");
        forbidden.Error.Should().Contain("Forbidden").And.Contain("system:serviceaccount:breakglass-grants:", "the API server decides");
    }

    [Fact]
    public async Task Objects_are_created_changed_and_deleted_through_the_gateway()
    {
        var (incident, kubeconfig) = await ActivateAsync();
        var manifest = $"""
            apiVersion: v1
            kind: ConfigMap
            metadata: {"{"}name: applied, namespace: {incident.Namespace}{"}"}
            data:
              large: {new string('a', 500_000)}
            """;
        (await _cluster.ControlPlane.KubectlAsync(kubeconfig, ["apply", "--server-side", "--dry-run=server", "-f", "-"], manifest)).OrThrow();
        (await _cluster.KubectlAsync(kubeconfig, "get", "configmap", "applied", "-n", incident.Namespace)).Error.Should().Contain("NotFound");
        (await _cluster.ControlPlane.KubectlAsync(kubeconfig, ["apply", "--server-side", "-f", "-"], manifest)).OrThrow();
        foreach (var type in (string[])["merge", "strategic", "json"])
        {
            var patch = type == "json" ? """[{"op":"add","path":"/data/json","value":"x"}]""" : $$$"""{"data":{"{{{type}}}":"x"}}""";
            (await _cluster.KubectlAsync(kubeconfig, "patch", "configmap", "applied", "-n", incident.Namespace, $"--type={type}", "-p", patch)).OrThrow();
        }

        var data = JsonNode.Parse(await _cluster.AdminAsync("get", "configmap", "applied", "-n", incident.Namespace, "-o", "json"))!["data"]!.AsObject();
        data.Select(d => d.Key).Should().BeEquivalentTo("large", "merge", "strategic", "json");
        (await _cluster.KubectlAsync(kubeconfig, "delete", "configmap", "applied", "-n", incident.Namespace)).OrThrow();
    }

    [Fact]
    public async Task When_the_grant_is_revoked_a_watch_ends_and_the_next_command_says_why()
    {
        var (incident, kubeconfig) = await ActivateAsync();
        await using var watching = await WatchAsync(kubeconfig, incident.Namespace);

        await incident.RevokeAsync();

        await Eventually.WithinLimitAsync(watching.Exit, "the end of the watch");
        var next = await _cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", incident.Namespace);
        next.ExitCode.Should().NotBe(0);
        next.Error.Should().Contain(incident.Grant).And.Contain($"kubectl breakglass request {incident.Policy}");
        await incident.WaitForPhaseAsync(GrantPhase.Revoked);
        await Eventually.TrueAsync(
            async () => (await shared.Gateway.MetricsAsync())["breakglass_operator_gateway_streams_cut_total"] > 0,
            expected: "a count of the stream that was cut");
        shared.Gateway.Log.Should().NotContain("eyJ");
    }

    [Fact]
    public async Task When_the_grant_is_narrowed_a_watch_that_it_no_longer_allows_ends_and_another_one_goes_on()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        var (kept, lost) = (incident.Namespace, $"{incident.Namespace}-lost");
        await incident.NewNamespaceAsync(lost);
        string Access(params string[] namespaces) =>
            $"{{name: payments, roleRef: {{kind: ClusterRole, name: edit}}, namespaces: [{string.Join(", ", namespaces)}]}}";
        await incident.ApplyPolicyAsync("  session: {path: Gateway}", Access(kept, lost));
        await incident.ActivateAsync("30m");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await using var goesOn = await WatchAsync(kubeconfig, kept);
        await using var ends = await WatchAsync(kubeconfig, lost);

        await incident.ApplyPolicyAsync("  session: {path: Gateway}", Access(kept));

        await Eventually.WithinLimitAsync(ends.Exit, "the end of the watch in the namespace that was lost");
        await Eventually.TrueAsync(
            () => Task.FromResult(shared.Gateway.Log.Contains($"the grant {incident.Grant} was narrowed", StringComparison.Ordinal)),
            () => shared.Gateway.Log, expected: "the reason in the gateway's log: kubectl 1.20 does not print why a watch ended");
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active);
        goesOn.Exit.IsCompleted.Should().BeFalse("the narrower grant still allows it");
        (await incident.CanReadAsync(kubeconfig, kept)).Should().BeTrue();
        await incident.RefusedAsync(kubeconfig, lost);
        await goesOn.KillAsync();
        await incident.RevokeAsync();
    }

    [Fact]
    public async Task The_certificate_is_worth_nothing_at_the_API_server_itself()
    {
        var (incident, kubeconfig) = await ActivateAsync();
        var server = await _cluster.AdminAsync("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}");
        var direct = await _cluster.KubectlAsync(
            kubeconfig, "get", "configmaps", "-n", incident.Namespace, $"--server={server}", "--insecure-skip-tls-verify", "--certificate-authority=");
        direct.ExitCode.Should().NotBe(0);
    }

    [Fact]
    public Task After_a_rotation_of_the_authority_the_old_certificate_is_refused_and_the_holder_fetches_another_one() => Plugin.WithAsync(async plugin =>
    {
        var (incident, kubeconfig) = await ActivateAsync();
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue();
        await Eventually.TrueAsync(
            async () => await _cluster.Admin.TryGetAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, CancellationToken.None) is not null,
            () => shared.Operator.Log, expected: "the ConfigMap of rotations");

        var rotated = await plugin.KubectlAsync(
            _cluster.ControlPlane.AdminKubeconfig, "breakglass", "rotate", "gateway-ca", "--overlap", "0", "--wait=false");
        rotated.Code.Should().Be(0, rotated.Error);
        await Eventually.TrueAsync(() => AgeRotationAsync(TimeSpan.FromMinutes(3)), () => shared.Operator.Log, expected: "a new authority");
        await Eventually.TrueAsync(async () => (await ProgressAsync())?.Phase is RotationPhase.Replaced, () => shared.Operator.Log,
            expected: "a certificate by the new authority");

        await incident.RefusedAsync(kubeconfig);
        var refused = await _cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", incident.Namespace);
        refused.Error.Should().Contain("is not the one that the operator issued");
        await GatewayCluster.MountAsync(_cluster);
        var again = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(again);
        (await _cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", incident.Namespace)).ExitCode.Should().NotBe(0);
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active, "the grant was never interrupted");
        await incident.RevokeAsync();
        await incident.RefusedAsync(again);
    });

    /// <summary>
    /// Puts an authority that is older in the place of the one that the rotation has just made, as if the rotation had begun earlier: the operator waits for
    /// kubelets for minutes before it uses one.
    /// </summary>
    private async Task<bool> AgeRotationAsync(TimeSpan age)
    {
        var secret = await _cluster.Admin.GetAsync<V1Secret>(GatewayCluster.Secret, Ns, CancellationToken.None);
        if (KeyRotation.Of(secret) is not { } rotation) return false;
        var (began, there) = (TimeProvider.System.GetUtcNow() - age, ManagedCertificates.Read(secret.Data, CertificateUse.Gateway)!);
        var next = there.WithNewAuthority(began);
        var aged = rotation with { At = began.ToUnixTimeSeconds(), Key = next.Thumbprints()[0], Old = there.Thumbprints() };
        try
        {
            await _cluster.Admin.ReplaceAsync(secret with { Data = next.Write(), Metadata = aged.On(secret.Metadata) }, CancellationToken.None);
            return true;
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return false;
        }
    }

    private async Task<RotationProgress?> ProgressAsync()
    {
        var map = await _cluster.Admin.GetAsync<V1ConfigMap>(RotatedKeys.ConfigMapName, Ns, CancellationToken.None);
        return RotationProgress.Read(map.Data.OrEmpty().GetValueOrDefault(RotatedKeys.ProgressOf(RotatedKeys.GatewayAuthority)));
    }

    /// <summary>A kubectl with an open watch of ConfigMaps: it has listed what there is, and written what came then.</summary>
    private async Task<RunningCommand> WatchAsync(string kubeconfig, string ns)
    {
        var kubectl = await Kubectl.OfAsync(KubectlRelease.Debian, kubeconfig);
        var watch = await kubectl.StartAsync("get", "configmaps", "-w", "-o", "name", "-n", ns);
        await watch.WritesAsync("configmap/checkout");
        await _cluster.AdminAsync("create", "configmap", "seen", "-n", ns);
        await watch.WritesAsync("configmap/seen");
        return watch;
    }

    private async Task<(Incident Incident, string Kubeconfig)> ActivateAsync()
    {
        var incident = await Incident.BeginAsync(_cluster, "  session: {path: Gateway}");
        var grant = await incident.ActivateAsync();
        grant.Status.Path.Should().Be(SessionPath.Gateway);
        grant.Status.Gateway!.Certificate.Should().StartWith("-----BEGIN CERTIFICATE-----");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        (await File.ReadAllTextAsync(kubeconfig)).Should().Contain("client-certificate-data").And.NotContain("token:");
        return (incident, kubeconfig);
    }

    /// <summary>The column AGE moves on between two commands.</summary>
    private static string WithoutAge(string table) =>
        string.Join('\n', table.Split('\n').Select(line => line.TrimEnd()).Select(line => Age().Replace(line, "")));

    private static string WithoutListVersion(string list) => ListVersion().Replace(list, "");

    [GeneratedRegex(" {3,}(?:[0-9]+[dhms])+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Age();

    [GeneratedRegex("(?<=^\\{.{0,120}\"metadata\":\\{[^{}]{0,400}\"resourceVersion\":\")\\d+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ListVersion();
}
