using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Manifests.Chart;

/// <summary>The chart with its defaults and config/ install the same objects, but for what is listed here.</summary>
public sealed class SameAsKustomizeTests
{
    /// <summary>Labels that Helm's users expect, on objects and pods.</summary>
    private static readonly string[] ChartLabels = ["helm.sh/chart", "app.kubernetes.io/instance", "app.kubernetes.io/version",
        "app.kubernetes.io/managed-by"];

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    [Theory]
    [InlineData("1.35", "default guard", "components/selectable-fields components/webhook-conditions")]
    [InlineData("1.30", "default guard", "components/webhook-conditions")]
    [InlineData("1.29", "default guard-1.28 stamp", "components/webhook-conditions")]
    [InlineData("1.26", "default guard-legacy", "components/flowcontrol-v1beta3")]
    [InlineData("1.23", "default guard-legacy", "components/flowcontrol-v1beta2")]
    [InlineData("1.20", "default guard-legacy", "components/without-cel components/cronjob-v1beta1 components/flowcontrol-v1beta1")]
    public async Task Chart_and_kustomization_give_the_same_objects(string kubeVersion, string resources, string components)
    {
        var chart = (await Tool.TemplateAsync(kubeVersion)).Where(o => !o.IsHook()).Select(Levelled).ToDictionary(o => o.Key());
        var config = (await Tool.KustomizeAsync(resources.Split(' '), components.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            .ToDictionary(o => o.Key());

        if (resources.EndsWith("guard-legacy", StringComparison.Ordinal) && kubeVersion != "1.20")
            SelectByName(config["MutatingWebhookConfiguration /breakglass-operator-guard"]);
        Same(chart, config);
    }

    [Theory]
    [InlineData("1.35", "default guard", "components/selectable-fields components/webhook-conditions components/gateway")]
    [InlineData("1.20", "default guard-legacy", "components/gateway components/without-cel components/cronjob-v1beta1 components/flowcontrol-v1beta1")]
    public async Task The_gateway_is_the_same_by_values_and_by_the_component(string kubeVersion, string resources, string components)
    {
        const string Url = "https://gateway.example.com";
        var chart = (await Tool.TemplateAsync(kubeVersion, "--set", $"gateway.enabled=true,gateway.publicUrl={Url}")).Where(o => !o.IsHook()).Select(Levelled)
            .ToDictionary(o => o.Key());
        var patches = $$$$"""
            patches:
            - patch: |-
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: breakglass-operator, namespace: breakglass-system}
                spec: {template: {spec: {containers: [{name: operator, env: [{name: BREAKGLASS_GATEWAY_URL, value: "{{{{Url}}}}"}]}]}}}
            """;
        var config = (await Tool.KustomizeAsync(resources.Split(' '), components.Split(' '), patches)).ToDictionary(o => o.Key());

        Options(PodOf(chart)).Should().BeEquivalentTo(Options(PodOf(config))).And.Contain("gateway-url", Url);
        PodOf(chart)["containers"]![0]!["args"]!.AsArray().RemoveAll(a => a!.GetValue<string>().StartsWith("--gateway-url", StringComparison.Ordinal));
        PodOf(config)["containers"]![0]!["env"]!.AsArray().RemoveAll(e => e!["name"]!.GetValue<string>() == "BREAKGLASS_GATEWAY_URL");
        Same(chart, config);
    }

    [Fact]
    public async Task Without_escalate_both_leave_out_the_same_two_verbs_and_nothing_else()
    {
        var chart = (await Tool.TemplateAsync("1.29", "--set", "grantsNamespace.escalate=false"))
            .Where(o => o.Kind() == "Role" && o.Name() == "breakglass-operator");
        var config = await Tool.KustomizeAsync(["rbac"], ["components/without-escalate"]);
        var before = await Tool.KustomizeAsync(["rbac"], []);
        config.Select(o => o.Key()).Should().Equal(before.Select(o => o.Key()));
        foreach (var role in chart)
        {
            var same = config.Single(o => o.Key() == role.Key())["rules"]!;
            Text(role["rules"]!).Should().Be(Text(same), role.Key());
            var rules = before.Single(o => o.Key() == role.Key())["rules"]!.AsArray().Select(r => Text(r!)).ToList();
            rules.Except(same.AsArray().Select(r => Text(r!)))
                .Should().HaveCount(role.Key().Contains("breakglass-grants", StringComparison.Ordinal) ? 1 : 0, role.Key());
            Text(same).Should().NotContain("escalate").And.NotContain("\"bind\"");
        }
    }

    [Fact]
    public async Task Session_records_and_journal_are_turned_on_alike_by_values_and_by_components()
    {
        var chart = (await Tool.TemplateAsync("1.35", "--set", "audit.enabled=true,audit.tokenSecret=breakglass-audit-token",
            "--set", "journal.enabled=true,journal.keySecret=breakglass-journal-key")).ToDictionary(o => o.Key());
        var config = (await Tool.KustomizeAsync(["default"], ["components/audit", "components/journal"])).ToDictionary(o => o.Key());
        string[] parts = ["Service breakglass-system/breakglass-operator-audit", "PersistentVolumeClaim breakglass-system/breakglass-journal"];
        foreach (var key in parts) Text(config[key]["spec"]!).Should().Be(Text(chart[key]["spec"]!), key);

        string[] Open(IReadOnlyDictionary<string, JsonNode> objects) =>
            [.. objects["NetworkPolicy breakglass-system/breakglass-operator"]["spec"]!["ingress"]!.AsArray().Select(r => Text(r!)).Order()];
        Open(config).Should().Equal(Open(chart));

        var (ours, theirs) = (PodOf(config), PodOf(chart));
        Options(ours).Should().BeEquivalentTo(Options(theirs));
        foreach (var part in (string[])["securityContext", "volumes"]) Unordered(ours[part]!).Should().Be(Unordered(theirs[part]!), part);
        foreach (var part in (string[])["ports", "volumeMounts"])
            Unordered(ours["containers"]![0]![part]!).Should().Be(Unordered(theirs["containers"]![0]![part]!), part);
    }

    [Fact]
    public async Task Only_an_uninstall_has_hooks()
    {
        var hooks = (await Tool.TemplateAsync("1.35")).Where(o => o.IsHook()).ToList();
        hooks.Should().OnlyContain(
            o => o.Name() == "breakglass-uninstall" && o["metadata"]!["annotations"]!["helm.sh/hook"]!.GetValue<string>() == "pre-delete");
        hooks.Select(o => o.Kind()).Should().BeEquivalentTo("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "Job");
        (await Tool.TemplateAsync("1.35", "--set", "uninstall.revokeGrants=false")).Should().NotContain(o => o.IsHook());
    }

    [Fact]
    public async Task What_an_uninstall_may_do_gives_nothing_to_anybody()
    {
        var rules = (await Tool.TemplateAsync("1.35")).Where(o => o.IsHook()).SelectMany(o => o["rules"]?.AsArray() ?? []).ToList();
        rules.Should().NotBeEmpty();
        rules.SelectMany(r => r!["verbs"].Strings()).Distinct()
            .Should().BeSubsetOf(["get", "list", "patch", "delete", "revoke"], "ending the grants of others needs a verb of our own");
        rules.SelectMany(r => r!["resources"].Strings()).Distinct().Should()
            .BeEquivalentTo("breakglassgrants", "clusterrolebindings", "rolebindings", "serviceaccounts", "secrets", "roles");
    }

    private static void Same(Dictionary<string, JsonNode> chart, Dictionary<string, JsonNode> config)
    {
        // Helm makes the release's namespace itself (--create-namespace) and takes none that it did not make.
        config.Remove("Namespace /breakglass-system").Should().BeTrue();
        chart.Keys.Should().BeEquivalentTo(config.Keys);
        foreach (var (key, expected) in config)
        {
            var (a, b) = (Text(expected), Text(chart[key]));
            a.Equals(b, StringComparison.Ordinal).Should().BeTrue($"{key} is to be the same in config/ (-) and in the chart (+)\n{Golden.Diff(a, b)}");
        }
    }

    private static JsonNode PodOf(IReadOnlyDictionary<string, JsonNode> objects) =>
        objects["Deployment breakglass-system/breakglass-operator"]["spec"]!["template"]!["spec"]!;

    // The chart passes options as arguments, components as variables.
    private static IReadOnlyDictionary<string, string> Options(JsonNode pod)
    {
        var container = pod["containers"]![0]!;
        var arguments = container["args"].Strings().Where(a => a.StartsWith("--", StringComparison.Ordinal)).Select(a => a[2..].Split('=', 2));
        var variables = container["env"]!.AsArray().Where(e => e!["value"] is not null).Select(e => (string[])[
            e!["name"]!.GetValue<string>().Replace("BREAKGLASS_", "", StringComparison.Ordinal).Replace('_', '-').ToLowerInvariant(),
            e["value"]!.GetValue<string>()]);
        return arguments.Concat(variables).ToDictionary(o => o[0], o => o[1]);
    }

    private static string Unordered(JsonNode part) =>
        part is JsonArray list ? string.Join('\n', list.Select(item => Text(item!)).Order(StringComparer.Ordinal)) : Text(part);

    // Takes away what differs on purpose.
    private static JsonNode Levelled(JsonNode o)
    {
        WithoutChartLabels(o["metadata"]!["labels"]);
        if (o.Kind() == "CustomResourceDefinition")
        {
            o["metadata"]!["annotations"]!["helm.sh/resource-policy"]!.GetValue<string>().Should().Be("keep");
            o["metadata"]!.AsObject().Remove("annotations");
        }

        WithoutChartLabels(o["spec"]?["jobTemplate"]?["metadata"]?["labels"]);
        WithoutChartLabels((o["spec"]?["jobTemplate"]?["spec"] ?? o["spec"])?["template"]?["metadata"]?["labels"]);
        foreach (var container in new[] { o }.Pods().SelectMany(p => p["containers"]!.AsArray()))
        {
            // Kubernetes' own default for a tag that is not "latest".
            container!["imagePullPolicy"]!.GetValue<string>().Should().Be("IfNotPresent");
            container.AsObject().Remove("imagePullPolicy");
        }

        return o;
    }

    private static void WithoutChartLabels(JsonNode? labels)
    {
        if (labels is not null) ChartLabels.Should().OnlyContain(label => labels.AsObject().Remove(label), "every object of the chart carries its labels");
    }

    // From 1.21 on namespaces can be told by name; config/ asks for a label, which its own namespaces carry, and one that Helm made does not.
    private static void SelectByName(JsonNode configuration) =>
        configuration["webhooks"]!.AsArray().Single(
            w => w!["name"]!.GetValue<string>() == "namespaces.guard.breakglass.dev")!["namespaceSelector"] = JsonNode.Parse(
                """{"matchExpressions":[{"key":"kubernetes.io/metadata.name","operator":"In","values":["breakglass-grants","breakglass-system"]}]}""");

    private static string Text(JsonNode node) => Sorted(node)!.ToJsonString(s_indented);

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, Sorted(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
