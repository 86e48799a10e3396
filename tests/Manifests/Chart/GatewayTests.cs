using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests.Chart;

/// <summary>The gateway as the chart installs it: what its pods see, who reaches them, and what the operator knows of it.</summary>
public sealed class GatewayTests
{
    private const string Secret = "breakglass-gateway-tls";

    private static readonly string[] s_on = ["--set", "gateway.enabled=true,gateway.publicUrl=https://gateway.example.com"];

    private static readonly string s_certificate = CertificateFile();

    private static readonly string[] s_withOwnCertificate =
        [.. s_on, "--set", "gateway.certificateSecret=mine", "--set-file", $"gateway.publicCaBundle={s_certificate}"];

    [Fact]
    public async Task It_is_off_unless_the_values_ask_for_it()
    {
        var off = await Tool.TemplateAsync("1.35");
        off.Should().NotContain(o => o.Name().StartsWith("breakglass-gateway", StringComparison.Ordinal));
        off.One("Deployment")["spec"]!["template"]!["spec"]!["containers"]![0]!["args"].Strings()
            .Should().NotContain(a => a.StartsWith("--gateway", StringComparison.Ordinal));
        (await Tool.TemplateAsync("1.35", s_on)).Where(o => o.Name().StartsWith("breakglass-gateway", StringComparison.Ordinal)).Select(o => o.Kind())
            .Should().BeEquivalentTo("Deployment", "Service", "Service", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
                "NetworkPolicy", "PodDisruptionBudget");
    }

    // Anybody who has ca.key can make a certificate for every grant.
    [Fact]
    public async Task Its_pods_do_not_see_the_key_of_the_authority()
    {
        JsonNode[] pods =
        [
            ConfigDirectory.Of("Deployment").Single(o => o.Name == "breakglass-gateway").Node["spec"]!["template"]!["spec"]!,
            PodOf(await Tool.TemplateAsync("1.35", s_on), "breakglass-gateway"),
            PodOf(await Tool.TemplateAsync("1.35", s_withOwnCertificate), "breakglass-gateway"),
        ];
        foreach (var pod in pods)
        {
            var sources = pod["volumes"]!.AsArray()
                .SelectMany(v => v!["projected"]?["sources"]!.AsArray().Select(s => s!["secret"]!) ?? [v["secret"]!]).ToList();
            var keys = sources.Where(s => NameOf(s) == Secret).SelectMany(s => s["items"]!.AsArray()).Select(i => i!["key"]!.GetValue<string>()).ToList();
            keys.Should().Contain("ca.crt").And.BeSubsetOf(["ca.crt", "tls.crt", "tls.key"]);
            sources.Should().OnlyContain(s => s["items"] != null, "without a list of items, a pod sees the whole Secret");
            sources.Where(s => NameOf(s) == Secret).Should().OnlyContain(
                s => s["optional"]!.GetValue<bool>(), "the pod may start before the operator has written the Secret");
            pod["containers"]!.AsArray().Select(c => c!.ToJsonString()).Should().OnlyContain(c => !c.Contains("secretKeyRef") && !c.Contains("secretRef"));
        }
    }

    [Fact]
    public async Task It_serves_a_certificate_of_your_own_and_believes_only_the_operators()
    {
        var pod = PodOf(await Tool.TemplateAsync("1.35", s_withOwnCertificate), "breakglass-gateway");
        pod["volumes"]![0]!["projected"]!["sources"]!.AsArray().Select(s => s!["secret"]!)
            .Select(s => $"{NameOf(s)}: {Files(s)}")
            .Should().Equal("mine: tls.crt=tls.crt tls.key=tls.key", $"{Secret}: ca.crt=ca.crt tls.crt=own.crt tls.key=own.key");
    }

    [Fact]
    public async Task The_operator_knows_it_by_the_certificate_that_it_manages()
    {
        JsonNode[] pods =
        [
            ConfigDirectory.Of("Deployment").Single(o => o.Name == "breakglass-gateway").Node["spec"]!["template"]!["spec"]!,
            PodOf(await Tool.TemplateAsync("1.35", s_on), "breakglass-gateway"),
        ];
        foreach (var pod in pods)
        {
            Files(pod["volumes"]![0]!["secret"]!).Should()
                .Be("tls.crt=tls.crt tls.key=tls.key ca.crt=ca.crt tls.crt=own.crt tls.key=own.key");
        }
    }

    [Fact]
    public async Task What_it_reports_reaches_every_replica_of_the_operator_and_nothing_else_reaches_that_port()
    {
        var objects = await Tool.TemplateAsync("1.35", [.. s_on, "--set", "networkPolicy.egress.restricted=true"]);
        var service = objects.One("Service", "breakglass-operator-gateway")["spec"]!;
        service["ports"]![0]!.ToJsonString().Should().Contain("9446").And.Contain("gateway-reports");
        service["publishNotReadyAddresses"]!.GetValue<bool>().Should().BeTrue();
        PodOf(objects, "breakglass-operator")["containers"]![0]!["ports"]!.AsArray().Select(p => $"{p!["name"]}={p["containerPort"]}")
            .Should().Contain("gateway-reports=9446");
        var open = objects.One("NetworkPolicy", "breakglass-operator")["spec"]!["ingress"]!.AsArray()
            .Single(r => r!["ports"]![0]!["port"]!.GetValue<string>() == "gateway-reports")!;
        JsonNode.DeepEquals(open["from"]![0]!["podSelector"], objects.One("NetworkPolicy", "breakglass-gateway")["spec"]!["podSelector"]).Should().BeTrue();
        var leave = objects.One("NetworkPolicy", "breakglass-gateway")["spec"]!["egress"]!.AsArray().Single(r => r!["to"] is not null)!;
        JsonNode.DeepEquals(leave["to"]![0]!["podSelector"]!["matchLabels"], service["selector"]).Should().BeTrue();
    }

    [Fact]
    public async Task Its_pods_are_hardened_like_the_operators()
    {
        var objects = await Tool.TemplateAsync("1.35", [.. s_on, "--set", "runAsUser=null,image.digest=sha256:" + new string('a', 64)]);
        var (gateway, ours) = (PodOf(objects, "breakglass-gateway"), PodOf(objects, "breakglass-operator"));
        foreach (var part in (string[])["securityContext", "priorityClassName", "terminationGracePeriodSeconds"])
            JsonNode.DeepEquals(gateway[part], ours[part]).Should().BeTrue(part);
        foreach (var part in (string[])["securityContext", "livenessProbe", "readinessProbe", "image", "env"])
            JsonNode.DeepEquals(gateway["containers"]![0]![part], ours["containers"]![0]![part]).Should().BeTrue(part);
        gateway["serviceAccountName"]!.GetValue<string>().Should().Be("breakglass-gateway");
    }

    [Fact]
    public async Task The_operator_knows_where_it_is_and_the_gateway_what_to_do()
    {
        var objects = await Tool.TemplateAsync("1.35", [.. s_on, "--set", "gateway.extraNames={gw.internal,10.0.0.9}", "--set", "gateway.stalenessLimit=20s",
            "--set-file", $"gateway.publicCaBundle={s_certificate}"]);
        var @operator = PodOf(objects, "breakglass-operator");
        @operator["containers"]![0]!["args"].Strings().Where(a => a.StartsWith("--gateway", StringComparison.Ordinal)).Should().Equal(
            "--gateway-url=https://gateway.example.com", "--gateway-ca-file=/etc/breakglass/gateway-ca/ca.crt", "--gateway-extra-names=gw.internal,10.0.0.9");
        @operator["volumes"]![0]!["configMap"]!["name"]!.GetValue<string>().Should().Be("breakglass-operator-gateway-ca");
        objects.One("ConfigMap", "breakglass-operator-gateway-ca")["data"]!["ca.crt"]!.GetValue<string>().Should().StartWith("-----BEGIN CERTIFICATE-----");
        PodOf(objects, "breakglass-gateway")["containers"]![0]!["args"].Strings().Should().Equal(
            "gateway", "--gateway-cert-dir=/etc/breakglass/gateway-tls", "--staleness-limit=20s");
    }

    [Fact]
    public async Task What_people_reach_has_no_port_for_metrics()
    {
        var objects = await Tool.TemplateAsync("1.35", [.. s_on, "--set", "gateway.service.type=LoadBalancer"]);
        var open = objects.One("Service", "breakglass-gateway")["spec"]!;
        open["type"]!.GetValue<string>().Should().Be("LoadBalancer");
        open["ports"]!.AsArray().Select(p => p!["targetPort"]!.GetValue<string>()).Should().Equal("gateway");
        objects.One("Service", "breakglass-gateway-metrics")["spec"]!["type"].Should().BeNull();
    }

    [Fact]
    public async Task The_network_policy_opens_its_port_to_everybody_or_to_whom_the_values_name()
    {
        JsonNode Rule(IReadOnlyList<JsonNode> objects, string port) =>
            objects.One("NetworkPolicy", "breakglass-gateway")["spec"]!["ingress"]!.AsArray()
                .Single(r => r!["ports"]![0]!["port"]!.GetValue<string>() == port)!;
        var open = await Tool.TemplateAsync("1.35", s_on);
        Rule(open, "gateway")["from"].Should().BeNull();
        open.One("NetworkPolicy", "breakglass-gateway")["spec"]!["policyTypes"].Strings().Should().Equal("Ingress");

        var narrow = await Tool.TemplateAsync("1.35", [.. s_on, "--set", "networkPolicy.egress.restricted=true", "--set-json",
            """networkPolicy.gatewayFrom=[{"ipBlock":{"cidr":"192.0.2.0/24"}}]""", "--set-json", """networkPolicy.metricsFrom=[{"podSelector":{}}]"""]);
        Rule(narrow, "gateway")["from"]!.ToJsonString().Should().Contain("192.0.2.0/24");
        Rule(narrow, "http")["from"]!.ToJsonString().Should().Contain("podSelector");
        narrow.One("NetworkPolicy", "breakglass-gateway")["spec"]!["egress"]!.AsArray().SelectMany(r => r!["ports"]!.AsArray())
            .Select(p => p!["port"]!.GetValue<long>()).Should().BeEquivalentTo([53, 53, 443, 6443, 9446]);
    }

    [Theory]
    [InlineData("gateway.replicas=1", false)]
    [InlineData("gateway.podDisruptionBudget.enabled=false", false)]
    [InlineData("gateway.replicas=3", true)]
    public async Task Its_disruption_budget_holds_up_no_drain(string values, bool there) =>
        (await Tool.TemplateAsync("1.35", [.. s_on, "--set", values])).Any(o => o.Kind() == "PodDisruptionBudget" && o.Name() == "breakglass-gateway")
            .Should().Be(there);

    [Fact]
    public async Task Its_own_requests_come_before_those_of_grants() =>
        (await Tool.TemplateAsync("1.35", s_on)).One("FlowSchema")["spec"]!["rules"]![0]!["subjects"]!.AsArray()
            .Select(s => s!["serviceAccount"]!["name"]!.GetValue<string>()).Should().Contain("breakglass-gateway");

    [Fact]
    public async Task What_the_page_about_the_gateway_says_of_clusters_renders()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Golden.RepositoryRoot, "docs", "gateway.md"));
        var blocks = page.Split("```yaml\n").Skip(1).Select(b => b[..b.IndexOf("```", StringComparison.Ordinal)])
            .Where(b => b.StartsWith("gateway:", StringComparison.Ordinal)).ToList();
        blocks.Should().HaveCountGreaterThan(2);
        foreach (var block in blocks)
        {
            var file = Path.GetTempFileName();
            try
            {
                await File.WriteAllTextAsync(file, block);
                (await Tool.TemplateAsync("1.35", [.. s_on, "-f", file])).One("Service", "breakglass-gateway")["spec"]!["type"]!.GetValue<string>()
                    .Should().NotBe("ClusterIP", "these values let people outside the cluster reach the gateway");
            }
            finally
            {
                File.Delete(file);
            }
        }
    }

    private static JsonNode PodOf(IReadOnlyList<JsonNode> objects, string deployment) =>
        objects.One("Deployment", deployment)["spec"]!["template"]!["spec"]!;

    private static string Files(JsonNode source) =>
        string.Join(' ', source["items"]!.AsArray().Select(i => $"{i!["key"]!.GetValue<string>()}={i["path"]!.GetValue<string>()}"));

    private static string NameOf(JsonNode source) => (source["secretName"] ?? source["name"])!.GetValue<string>();

    // A file with what looks like a certificate.
    private static string CertificateFile()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        return file;
    }
}
