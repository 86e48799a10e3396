using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests;

public sealed class WorkloadTests
{
    private static ManifestObject Operator => ConfigDirectory.Of("Deployment").Single(d => d.Name == "breakglass-operator");

    private static ManifestObject Gateway => ConfigDirectory.Of("Deployment").Single(d => d.Name == "breakglass-gateway");

    private static ManifestObject Reaper => ConfigDirectory.Of("CronJob").Should().ContainSingle().Subject;

    private static IEnumerable<JsonNode> Pods =>
        [.. ((ManifestObject[])[Operator, Gateway]).Select(PodOf), Reaper.Node["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"]!];

    [Fact]
    public void Every_pod_satisfies_the_restricted_pod_security_standard()
    {
        foreach (var pod in Pods)
        {
            pod["securityContext"]!["runAsNonRoot"]!.GetValue<bool>().Should().BeTrue();
            pod["securityContext"]!["seccompProfile"]!["type"]!.GetValue<string>().Should().Be("RuntimeDefault");
            foreach (var container in pod["containers"]!.AsArray())
            {
                var security = container!["securityContext"]!;
                security["allowPrivilegeEscalation"]!.GetValue<bool>().Should().BeFalse();
                security["readOnlyRootFilesystem"]!.GetValue<bool>().Should().BeTrue();
                security["capabilities"]!["drop"].Strings().Should().Equal("ALL");
            }
        }
    }

    [Fact]
    public void Each_pod_runs_as_its_own_identity() =>
        Pods.Select(pod => pod["serviceAccountName"]!.GetValue<string>()).Should().Equal("breakglass-operator", "breakglass-gateway", "breakglass-reaper");

    [Fact]
    public void Operator_and_gateway_have_a_stand_by_and_are_watched()
    {
        foreach (var deployment in (ManifestObject[])[Operator, Gateway])
        {
            deployment.Node["spec"]!["replicas"]!.GetValue<long>().Should().Be(2);
            var container = PodOf(deployment)["containers"]![0]!;
            container["livenessProbe"]!["httpGet"]!["path"]!.GetValue<string>().Should().Be("/healthz");
            container["readinessProbe"]!["httpGet"]!["path"]!.GetValue<string>().Should().Be("/readyz");
        }
    }

    [Fact]
    public void The_reaper_runs_every_minute_and_never_twice_at_once()
    {
        var spec = Reaper.Node["spec"]!;
        spec["schedule"]!.GetValue<string>().Should().Be("* * * * *");
        spec["concurrencyPolicy"]!.GetValue<string>().Should().Be("Forbid");
        Pods.Last()["containers"]![0]!["args"].Strings().Should().Equal("reap");
    }

    [Fact]
    public void Each_selector_finds_the_pods_of_one_workload()
    {
        foreach (var deployment in (ManifestObject[])[Operator, Gateway])
        {
            var labels = deployment.Node["spec"]!["template"]!["metadata"]!["labels"]!;
            JsonNode[] selectors =
            [
                deployment.Node["spec"]!["selector"]!["matchLabels"]!,
                .. ConfigDirectory.Of("Service").Where(s => s.Name.StartsWith(deployment.Name, StringComparison.Ordinal))
                    .Select(s => s.Node["spec"]!["selector"]!),
                .. ConfigDirectory.Of("PodDisruptionBudget", "NetworkPolicy").Where(o => o.Name == deployment.Name)
                    .Select(o => (o.Node["spec"]!["selector"] ?? o.Node["spec"]!["podSelector"])!["matchLabels"]!),
            ];
            selectors.Should().HaveCountGreaterThan(4).And.OnlyContain(selector => JsonNode.DeepEquals(selector, labels));
        }

        JsonNode[] workloads =
        [
            Operator.Node["spec"]!["template"]!["metadata"]!["labels"]!, Gateway.Node["spec"]!["template"]!["metadata"]!["labels"]!,
            Reaper.Node["spec"]!["jobTemplate"]!["spec"]!["template"]!["metadata"]!["labels"]!,
        ];
        workloads.Select(labels => labels.ToJsonString()).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Prometheus_finds_the_Services_with_metrics_and_no_other()
    {
        var selector = ConfigDirectory.Of("ServiceMonitor").Should().ContainSingle().Subject.Node["spec"]!["selector"]!;
        var expression = selector["matchExpressions"]!.AsArray().Should().ContainSingle().Subject!;
        expression["operator"]!.GetValue<string>().Should().Be("In");
        bool Found(JsonNode labels) =>
            selector["matchLabels"]!.AsObject().All(l => JsonNode.DeepEquals(labels[l.Key], l.Value))
            && expression["values"].Strings().Contains(labels[expression["key"]!.GetValue<string>()]?.GetValue<string>());
        ConfigDirectory.Of("Service").Where(s => Found(s.Node["metadata"]!["labels"]!)).Select(s => s.Name)
            .Should().BeEquivalentTo("breakglass-operator-metrics", "breakglass-gateway-metrics");
    }

    private static JsonNode PodOf(ManifestObject deployment) => deployment.Node["spec"]!["template"]!["spec"]!;
}
