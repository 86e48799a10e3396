using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using Xunit;

namespace Integration.Cli;

/// <summary>The plugin as people use it: kubectl finds it, a real API server, its webhooks and the operator answer.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class PluginTests(PluginCluster shared) : IClassFixture<PluginCluster>
{
    private const string Reason = "--reason=checkout returns 5xx since the deploy";

    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public Task A_request_gives_a_kubeconfig_that_works_until_it_is_revoked() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");

        var asked = await plugin.KubectlAsync(_cluster.Alice, "breakglass", "request", incident.Policy, Reason, "--for=10m", $"--name={incident.Grant}");

        asked.Code.Should().Be(0, asked.Error);
        var kubeconfig = asked.Out.Trim()["export KUBECONFIG='".Length..^1];
        (await incident.CanReadAsync(kubeconfig)).Should().BeTrue("that is what it is for");
        (await incident.CanReadAsync(kubeconfig, "kube-system")).Should().BeFalse("the policy gives one namespace");
        var grant = await incident.ReadAsync();
        grant.Spec.Requester!.Username.Should().Be("alice", "the webhook stamped it");
        grant.Spec.RecipientKey!.Crv.Should().Be("P-256");
        grant.Status.CredentialJwe.Should().NotBeNull();

        (await plugin.KubectlAsync(kubeconfig, "breakglass", "list", "-o", "name")).Out
            .Should().Contain(incident.Grant, "in the grant's shell the plugin is still alice, who may list grants; the grant may not");
        (await plugin.KubectlAsync(kubeconfig, "get", "bgg")).Error.Should().Contain("Forbidden");
        var revoked = await plugin.KubectlAsync(kubeconfig, "breakglass", "revoke", incident.Grant, "--reason=done");
        revoked.Code.Should().Be(0, revoked.Error);
        revoked.Error.Should().Contain($"To use your own again: export KUBECONFIG='{_cluster.Alice}'");
        File.Exists(kubeconfig).Should().BeFalse();
        (await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser)).Spec.Revoke!.Reason.Should().Be("done");

        var report = await plugin.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "breakglass", "report", incident.Grant);
        report.Code.Should().Be(0, report.Error);
        report.Out.Should().Contain("| Who | alice").And.Contain("| Phase | Revoked (RevokedByUser) |").And.Contain("GrantActivated").And
            .Contain("TokenReview");
    });

    [Fact]
    public Task Who_asks_is_who_signed_in_whatever_the_request_says() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        var asked = await plugin.KubectlAsync(
            _cluster.Alice, "breakglass", "request", incident.Policy, Reason, $"--name={incident.Grant}", "--requester=bob,payments-oncall", "--wait=false");
        asked.Code.Should().Be(0, asked.Error);
        (await incident.ReadAsync()).Spec.Requester!.Username.Should().Be("alice");

        var used = await plugin.KubectlAsync(_cluster.Alice, "breakglass", "use", incident.Grant, "-o", "name");
        used.Code.Should().Be(0, used.Error);
        (await plugin.KubectlAsync(_cluster.Bob, "breakglass", "use", incident.Grant)).Code.Should().Be(3, "the Secret is alice's alone");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    });

    [Fact]
    public Task A_command_runs_with_access_and_leaves_none_behind() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");

        var run = await plugin.KubectlAsync(
            _cluster.Alice, "breakglass", "request", incident.Policy, Reason, $"--name={incident.Grant}", "--", "kubectl", "get", "configmap", "checkout",
            "-n", incident.Namespace, "-o", "name");

        run.Code.Should().Be(0, run.Error);
        run.Out.Should().Be("configmap/checkout\n", "the command's output is all there is");
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    });

    [Fact]
    public Task The_commands_exit_code_is_the_plugins() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        (await plugin.KubectlAsync(
            _cluster.Alice, "breakglass", "request", incident.Policy, Reason, $"--name={incident.Grant}", "--", "sh", "-c", "exit 42")).Code.Should().Be(42);
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        (await plugin.KubectlAsync(
            _cluster.Alice, "breakglass", "request", incident.Policy, Reason, $"--name={incident.Grant}-2", "--", "no-such-command")).Code.Should().Be(127);
    });

    [Fact]
    public Task An_ordinary_kubeconfig_uses_one_grant_for_many_commands() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");
        var own = JsonNode.Parse((await _cluster.KubectlAsync(_cluster.Alice, "config", "view", "--raw", "-o", "json")).OrThrow())!;
        var user = new JsonObject
        {
            ["exec"] = new JsonObject
            {
                ["apiVersion"] = "client.authentication.k8s.io/v1beta1",
                ["command"] = "kubectl-breakglass",
                ["args"] = new JsonArray("credential", $"--kubeconfig={_cluster.Alice}", $"--policy={incident.Policy}", Reason, $"--name={incident.Grant}"),
                ["interactiveMode"] = "Never",
            },
        };
        own["users"]![0]!["user"] = user;
        var kubeconfig = plugin.Write("with-grant.kubeconfig", own.ToJsonString());

        var first = await plugin.KubectlAsync(kubeconfig, "get", "configmap", "checkout", "-n", incident.Namespace, "-o", "name");
        var second = await plugin.KubectlAsync(kubeconfig, "get", "configmap", "checkout", "-n", incident.Namespace, "-o", "name");

        first.Out.Should().Be("configmap/checkout\n", first.Error);
        second.Out.Should().Be("configmap/checkout\n", second.Error);
        second.Error.Should().BeEmpty("the grant of before still works");
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
    });

    [Fact]
    public Task A_denial_and_the_policies_say_why() => Plugin.WithAsync(async plugin =>
    {
        var incident = await Incident.BeginAsync(_cluster, "  justification: {ticketPattern: '^INC-[0-9]+$'}");
        await _cluster.AdminAsync("wait", "--for=condition=Ready", Eventually.KubectlTimeout, $"bgp/{incident.Policy}");

        var denied = await plugin.KubectlAsync(_cluster.Alice, "breakglass", "request", incident.Policy, Reason);
        denied.Code.Should().Be(3);
        denied.Error.Should().Contain("spec.ticket").And.Contain("^INC-[0-9]+$");

        var policies = await plugin.KubectlAsync(_cluster.Alice, "breakglass", "policies");
        policies.Code.Should().Be(0, policies.Error);
        policies.Out.Should().Contain(incident.Policy);
        (await plugin.KubectlAsync(_cluster.Mallory, "breakglass", "policies")).Code.Should().Be(3);
        var plan = await plugin.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "breakglass", "plan", incident.Policy);
        plan.Out.Should().Contain("deployments.apps").And.Contain("reads Secrets");
    });
}
