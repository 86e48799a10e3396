using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Install;

/// <summary>What docs/install.md says of clusters that others manage, as far as it can be played without them.</summary>
public sealed class ManagedClusterTests
{
    // OpenShift has this plugin on: it refuses owner references that block a deletion which their author may not finish.
    [Fact]
    public async Task With_owner_reference_permissions_enforced_a_grant_opens_ends_and_is_collected()
    {
        Kubelet? kubelet = null;
        await using var cluster = await TestCluster.StartAsync(
            async controlPlane =>
            {
                kubelet = new(controlPlane);
                await Helm.RunAsync(controlPlane, "install", "breakglass", Helm.Chart, "--create-namespace", "--set", $"webhook.url={kubelet.WebhookUrl}",
                    "--set", "runAsUser=null");
            },
            "--enable-admission-plugins=OwnerReferencesPermissionEnforcement");
        await using var running = await kubelet!.StartOperatorAsync();
        var incident = await Incident.BeginAsync(cluster);
        var grant = await incident.ActivateAsync("30m");
        var kubeconfig = await incident.FetchKubeconfigAsync();
        await incident.AllowedAsync(kubeconfig);

        // A repair writes owner references to an object that exists, which the plugin looks at more closely than at a new one.
        var binding = grant.Status.Bindings.Should().ContainSingle().Subject;
        await cluster.AdminAsync(
            "patch", "rolebinding", binding.Name, "-n", binding.Namespace!, "--type=json", "-p", """[{"op":"remove","path":"/metadata/ownerReferences"}]""");
        await Eventually.TrueAsync(
            async () => JsonNode.Parse(await cluster.AdminAsync(
                "get", "rolebinding", binding.Name, "-n", binding.Namespace!, "-o", "json"))!["metadata"]!["ownerReferences"] is not null,
            expected: "the binding owned by its grant again");

        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        await incident.RefusedAsync(kubeconfig);
        (await running.StopAsync()).Should().Be(0);
    }

    // AKS narrows webhook configurations by a namespace selector; Helm 4 then refused the upgrade, and nothing said why.
    [Fact]
    public async Task Where_an_enforcer_narrows_the_webhooks_our_kinds_are_stamped_and_the_next_upgrade_needs_what_the_page_says()
    {
        Kubelet? kubelet = null;
        await using var cluster = await TestCluster.StartAsync(async controlPlane =>
        {
            kubelet = new(controlPlane);
            await Helm.RunAsync(controlPlane, "install", "breakglass", Helm.Chart, "--create-namespace", "--set", $"webhook.url={kubelet.WebhookUrl}");
        });
        await using var running = await kubelet!.StartOperatorAsync();
        await NarrowAsync(cluster, "mutatingwebhookconfiguration", "breakglass-operator");
        await NarrowAsync(cluster, "validatingwebhookconfiguration", "breakglass-operator");
        await NarrowAsync(cluster, "mutatingwebhookconfiguration", "breakglass-operator-guard");

        var incident = await Incident.BeginAsync(cluster);
        var grant = await incident.ActivateAsync("30m");
        grant.Spec.Requester!.Username.Should().Be("alice");
        grant.AnnotationsOrEmpty.Should().ContainKey(BreakGlassApi.Group + "/seal", "a namespace selector does not apply to kinds of the cluster");

        string[] upgrade = ["upgrade", "breakglass", Helm.Chart, "--reset-then-reuse-values"];
        var refused = await Helm.TryAsync(cluster.ControlPlane, upgrade);
        refused.ExitCode.Should().NotBe(0);
        refused.Error.Should().Contain("admissionsenforcer");
        await Helm.RunAsync(cluster.ControlPlane, [.. upgrade, "--force-conflicts"]);
        (await incident.ReadAsync()).Status.Phase.Should().Be(GrantPhase.Active);
        (await running.StopAsync()).Should().Be(0);
    }

    /// <summary>The operator writes into the same configurations: where it did so in between, they are read again.</summary>
    private static Task NarrowAsync(TestCluster cluster, string kind, string name) => Eventually.TrueAsync(async () =>
    {
        var configuration = JsonNode.Parse(await cluster.AdminAsync("get", kind, name, "-o", "json"))!;
        configuration["metadata"]!.AsObject().Remove("managedFields");
        foreach (var webhook in configuration["webhooks"]!.AsArray())
        {
            webhook!["namespaceSelector"] = JsonNode.Parse("""{"matchExpressions":[{"key":"control-plane","operator":"DoesNotExist"}]}""");
        }

        // kubectl of older releases cannot name the field's manager: the address can.
        var replaced = await cluster.ControlPlane.KubectlAsync(
            cluster.ControlPlane.AdminKubeconfig,
            ["replace", "--raw", $"/apis/admissionregistration.k8s.io/v1/{kind}s/{name}?fieldManager=admissionsenforcer", "-f", "-"],
            configuration.ToJsonString());
        if (replaced.Error.Contains("the object has been modified", StringComparison.Ordinal)) return false;
        replaced.OrThrow();
        return true;
    }, expected: $"{kind} {name} narrowed");
}
