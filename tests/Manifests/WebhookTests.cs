using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace Manifests;

public sealed class WebhookTests
{
    private static readonly string[] Ours = ["breakglasspolicies", "breakglassgrants", "breakglassapprovals", "breakglassreviews", "breakglasslockdowns",
        "breakglassauthorities"];

    /// <summary>What only the operator writes.</summary>
    private static readonly string[] Record = ["breakglasssessions", "breakglasssessions/status"];

    private static IEnumerable<JsonNode> Webhooks =>
        ConfigDirectory.Of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration").Where(c => c.Name == "breakglass-operator")
            .SelectMany(c => c.Node["webhooks"]!.AsArray()).Select(w => w!);

    [Fact]
    public void Our_own_kinds_wait_for_an_answer_and_no_others()
    {
        Webhooks.Should().HaveCount(4);
        foreach (var webhook in Webhooks)
        {
            webhook["timeoutSeconds"]!.GetValue<long>().Should().Be(5);
            webhook["sideEffects"]!.GetValue<string>().Should().Be("None");
            webhook["matchPolicy"]!.GetValue<string>().Should().Be("Equivalent");
            webhook["admissionReviewVersions"].Strings().Should().Equal("v1");
            webhook["namespaceSelector"].Should().BeNull();
            webhook["objectSelector"].Should().BeNull("a label would be a way past it");
            var rules = webhook["rules"]!.AsArray().Select(r => r!).ToList();
            rules.Should().OnlyContain(r => r["apiGroups"].Strings().SequenceEqual(new[] { "breakglass.dev" }) && r["scope"]!.GetValue<string>() == "Cluster");
            rules.SelectMany(r => r["resources"].Strings()).Should().NotContain(r => r != Record[1] && (r.Contains('/') || r.Contains('*')));
        }

        foreach (var webhook in (string[])["mutate", "validate"])
        {
            Asked(webhook, "Fail").Where(a => a.Operation != "DELETE" && !Record.Contains(a.Kind)).Should()
                .BeEquivalentTo(Ours.SelectMany(kind => ((string[])["CREATE", "UPDATE"]).Select(operation => (kind, operation)))
                    .Where(a => a != ("breakglasslockdowns", "CREATE")));
        }
    }

    /// <summary>With no replica within reach the kill switch can be written, and nothing else: to lift one waits for an answer as before.</summary>
    [Fact]
    public void A_lockdown_waits_for_nobody()
    {
        foreach (var webhook in (string[])["mutate", "validate"]) Asked(webhook, "Ignore").Should().Equal(("breakglasslockdowns", "CREATE"));
    }

    private static IEnumerable<(string Kind, string Operation)> Asked(string webhook, string failurePolicy) => Webhooks
        .Where(w => w["name"]!.GetValue<string>().Split('.', '-')[0] == webhook && w["failurePolicy"]!.GetValue<string>() == failurePolicy)
        .SelectMany(w => w["rules"]!.AsArray()).SelectMany(
        r => r!["resources"].Strings().SelectMany(kind => r["operations"].Strings().Select(operation => (kind, operation))));

    [Fact]
    public void The_service_leads_to_the_port_of_the_webhooks()
    {
        var service = ConfigDirectory.Of("Service").Single(s => s.Name == "breakglass-operator-webhook");
        service.Node["spec"]!["ports"]![0]!["targetPort"]!.GetValue<string>().Should().Be("webhook");
        var deployment = ConfigDirectory.Of("Deployment").Single(d => d.Name == "breakglass-operator").Node;
        deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["ports"]!.AsArray()
            .Single(p => p!["name"]!.GetValue<string>() == "webhook")!["containerPort"]!.GetValue<long>().Should().Be(9443);
        Webhooks.Select(w => w["clientConfig"]!["service"]!)
            .Should().OnlyContain(s => s["name"]!.GetValue<string>() == service.Name && s["namespace"]!.GetValue<string>() == service.Namespace);
    }

    // Helm 4 refuses to write a field that the operator has written since, and so refused every upgrade.
    [Fact]
    public void What_the_operator_writes_into_the_configurations_is_in_no_manifest()
    {
        var clients = ConfigDirectory.Of("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration").SelectMany(c => c.Node["webhooks"]!.AsArray())
            .Select(w => w!["clientConfig"]!.AsObject()).ToList();
        clients.Should().HaveCountGreaterThan(8).And.OnlyContain(c => !c.ContainsKey("caBundle") && !c["service"]!.AsObject().ContainsKey("path"));
    }

    [Fact]
    public void A_grants_record_is_guarded_against_deletion() =>
        Webhooks.SelectMany(w => w["rules"]!.AsArray()).Where(r => r!["operations"].Strings().Contains("DELETE")).SelectMany(r => r!["resources"].Strings())
            .Should().Equal(["breakglassgrants", .. Record]);

    [Fact]
    public void Every_write_of_a_sessions_record_is_judged() =>
        Asked("validate", "Fail").Where(a => Record.Contains(a.Kind)).Should()
            .BeEquivalentTo(Record.SelectMany(kind => ((string[])["CREATE", "UPDATE", "DELETE"]).Select(operation => (kind, operation))));
}
