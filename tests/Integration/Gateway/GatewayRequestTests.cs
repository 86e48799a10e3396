using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Gateway;

/// <summary>What kubectl does with a grant's kubeconfig through the gateway, on a real API server.</summary>
public sealed class GatewayRequestTests(GatewayCluster shared) : IClassFixture<GatewayCluster>
{
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
            var direct = await _cluster.AdminAsync("get", "--raw", path);
            (await _cluster.KubectlAsync(kubeconfig, "get", "--raw", path)).OrThrow().Should().Be(direct, path);
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
        var watching = _cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", incident.Namespace, "-w", "-o", "name");
        await Eventually.TrueAsync(
            async () => (await shared.Gateway.MetricsAsync())["breakglass_operator_gateway_connections"] >= 1, () => shared.Gateway.Log,
            expected: "an open watch");
        await _cluster.AdminAsync("create", "configmap", "seen", "-n", incident.Namespace);

        await incident.RevokeAsync();

        var watched = await Eventually.WithinLimitAsync(watching, "the end of the watch", TimeSpan.FromSeconds(30));
        watched.Output.Should().Contain("configmap/checkout");
        var next = await _cluster.KubectlAsync(kubeconfig, "get", "configmaps", "-n", incident.Namespace);
        next.ExitCode.Should().NotBe(0);
        next.Error.Should().Contain(incident.Grant).And.Contain($"kubectl breakglass request {incident.Policy}");
        await incident.WaitForPhaseAsync(GrantPhase.Revoked);
        (await shared.Gateway.MetricsAsync())["breakglass_operator_gateway_streams_cut_total"].Should().BeGreaterThan(0);
        shared.Gateway.Log.Should().NotContain("eyJ");
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
    private static string WithoutAge(string table) => string.Join('\n', table.Split('\n').Select(line => line.TrimEnd())
        .Select(line => line.EndsWith('s') && line.Contains("   ", StringComparison.Ordinal) ? line[..line.LastIndexOf(' ')].TrimEnd() : line));
}
