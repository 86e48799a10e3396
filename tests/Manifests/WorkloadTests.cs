using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests;

public sealed class WorkloadTests
{
    private static ManifestObject Operator => ConfigDirectory.Of("Deployment").Should().ContainSingle().Subject;

    private static ManifestObject Reaper => ConfigDirectory.Of("CronJob").Should().ContainSingle().Subject;

    private static IEnumerable<JsonNode> Pods =>
        [Operator.Node["spec"]!["template"]!["spec"]!, Reaper.Node["spec"]!["jobTemplate"]!["spec"]!["template"]!["spec"]!];

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
        Pods.Select(pod => pod["serviceAccountName"]!.GetValue<string>()).Should().Equal("breakglass-operator", "breakglass-reaper");

    [Fact]
    public void The_operator_has_a_stand_by_and_is_watched()
    {
        Operator.Node["spec"]!["replicas"]!.GetValue<long>().Should().Be(2);
        var container = Pods.First()["containers"]![0]!;
        container["livenessProbe"]!["httpGet"]!["path"]!.GetValue<string>().Should().Be("/healthz");
        container["readinessProbe"]!["httpGet"]!["path"]!.GetValue<string>().Should().Be("/readyz");
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
    public void The_selectors_find_the_operator_and_not_the_reaper()
    {
        var labels = Operator.Node["spec"]!["template"]!["metadata"]!["labels"]!;
        JsonNode[] selectors =
        [
            Operator.Node["spec"]!["selector"]!["matchLabels"]!,
            .. ConfigDirectory.Of("Service").Select(s => s.Node["spec"]!["selector"]!),
        ];
        selectors.Should().OnlyContain(selector => JsonNode.DeepEquals(selector, labels));
        JsonNode.DeepEquals(Reaper.Node["spec"]!["jobTemplate"]!["spec"]!["template"]!["metadata"]!["labels"], labels).Should().BeFalse();
        var service = ConfigDirectory.Of("Service").Single(s => s.Name == "breakglass-operator-metrics").Node["metadata"]!["labels"]!;
        JsonNode.DeepEquals(ConfigDirectory.Of("ServiceMonitor").Should().ContainSingle().Subject.Node["spec"]!["selector"]!["matchLabels"], service)
            .Should().BeTrue();
    }
}
