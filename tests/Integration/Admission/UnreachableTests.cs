using System.Globalization;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Admission;

/// <summary>The webhooks are out of reach and the operator runs: what takes access away can still be written, and nothing else comes in beside it.</summary>
public sealed class UnreachableTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private RunningOperator _operator = null!;
    private string _kim = "";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        var port = Ports.Free();
        await AdmissionCluster.InstallWebhooksAsync(_cluster, port);
        _operator = await _cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1");
        await AdmissionCluster.EnforcedAsync(_cluster.ControlPlane);
        _kim = await _cluster.ControlPlane.UserKubeconfigAsync("kim", ["leads"]);
        await _cluster.AdminAsync("create", "clusterrolebinding", "leads-shut", "--clusterrole=breakglass-lockdown", "--group=leads");
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await _operator.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_lockdown_can_be_written_and_ends_access_in_nobodys_name()
    {
        await OpenAsync("inc-1");
        await OutOfReachAsync();

        var lockdown =
            "apiVersion: breakglass.dev/v1alpha1\nkind: BreakGlassLockdown\nmetadata: {name: stop}\nspec: {reason: a token leaked, by: {username: bob}}\n";
        (await _cluster.ControlPlane.KubectlAsync(_kim, ["create", "-f", "-"], lockdown)).OrThrow();

        var ended = await EndedAsync("inc-1");
        ended.Status.EndReason.Should().Be(EndReason.Lockdown);
        ended.Status.Transitions[^1].Actor.Should().Be("unknown", "the name in it is what its maker wrote");
        var changed = await _cluster.KubectlAsync(
            _cluster.ControlPlane.AdminKubeconfig, "patch", "bgl", "stop", "--type=merge", "-p", """{"spec":{"policySelector":{"matchLabels":{"a":"b"}}}}""");
        changed.ExitCode.Should().NotBe(0, "whoever narrows a lockdown gives access back");
    }

    [ServerFact(MinMinor = 28)]
    public async Task Revoke_suspend_and_delete_are_let_through_and_nothing_is_smuggled_in_beside_them()
    {
        foreach (var name in (string[])["inc-1", "inc-2", "inc-3"]) await OpenAsync(name);
        await ConditionsAsync();
        await OutOfReachAsync();

        foreach (var patch in (string[])[
            """{"spec":{"revoke":{},"duration":"59m"}}""",
            """{"spec":{"revoke":{}},"metadata":{"annotations":{"example.com/a":"b"}}}""",
            """{"spec":{"revoke":{}},"metadata":{"annotations":{"breakglass.dev/ended":"x"}}}""",
            """{"spec":{"revoke":{}},"metadata":{"labels":{"a":"b"}}}""",
            """{"spec":{"revoke":{}},"metadata":{"finalizers":["example.com/hold"]}}""",
            """{"spec":{"revoke":{}},"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"x","uid":"x"}]}}""",
            """{"metadata":{"labels":{"a":"b"}}}"""])
        {
            (await PatchAsync(_cluster.ControlPlane.AdminKubeconfig, "bgg/inc-1", patch)).Error.Should().Contain("failed calling webhook", patch);
        }

        (await PatchAsync(_cluster.ControlPlane.AdminKubeconfig, "bgp/payments-oncall", """{"spec":{"suspended":true,"duration":{"max":"2h"}}}""")).Error
            .Should().Contain("failed calling webhook");
        (await PatchAsync(_cluster.Alice, "bgg/inc-1", """{"spec":{"revoke":{"reason":"done","by":{"username":"bob"}}}}""")).OrThrow();
        var revoked = await EndedAsync("inc-1");
        (revoked.Status.EndReason, revoked.Status.Transitions[^1].Actor).Should().Be((EndReason.RevokedByUser, "unknown"));
        (await _cluster.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "delete", "bgg", "inc-1", "--wait=false")).Error
            .Should().Contain("failed calling webhook", "a finished grant is a record");

        (await _cluster.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "delete", "bgg", "inc-2", "--wait=false")).OrThrow();
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync("inc-2")).Count == 0, expected: "nothing left of inc-2");
        (await PatchAsync(_cluster.ControlPlane.AdminKubeconfig, "bgp/payments-oncall", """{"spec":{"suspended":true}}""")).OrThrow();
        (await EndedAsync("inc-3")).Status.EndReason.Should().Be(EndReason.PolicySuspended);
        (await PatchAsync(_cluster.ControlPlane.AdminKubeconfig, "bgp/payments-oncall", """{"spec":{"suspended":false}}""")).Error
            .Should().Contain("failed calling webhook");
    }

    private async Task OpenAsync(string name)
    {
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, """
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: payments-oncall}
            spec:
              mode: BreakGlass
              requesters: [{kind: Group, name: payments-oncall}]
              access: [{name: a, roleRef: {kind: ClusterRole, name: view}, namespaces: [default]}]
            """);
        await Eventually.TrueAsync(async () => (await _cluster.ControlPlane
            .KubectlAsync(_cluster.Alice, ["apply", "-f", "-"], Manifests.Grant(name, "payments-oncall"))).ExitCode == 0, expected: "the request to be taken");
        await Eventually.TrueAsync(async () => (await _cluster.GrantAsync(name))?.Status.Phase is GrantPhase.Active, expected: $"{name} to be active");
    }

    private async Task<BreakGlassGrant> EndedAsync(string name)
    {
        await Eventually.TrueAsync(async () => (await _cluster.GrantAsync(name))?.Status.Phase is GrantPhase.Revoked, expected: $"{name} to be revoked");
        return (await _cluster.GrantAsync(name))!;
    }

    /// <summary>The webhook configurations lead to a port that nobody serves.</summary>
    private async Task OutOfReachAsync()
    {
        var nowhere = $"127.0.0.1:{Ports.Free().ToString(CultureInfo.InvariantCulture)}";
        foreach (var kind in (string[])["mutatingwebhookconfiguration", "validatingwebhookconfiguration"])
        {
            var urls = (await _cluster.AdminAsync("get", kind, "breakglass-operator", "-o", "jsonpath={.webhooks[*].clientConfig.url}")).Trim().Split(' ');
            var patch = string.Join(
                ",", urls.Select((url, i) => $$"""{"op":"replace","path":"/webhooks/{{i}}/clientConfig/url","value":"https://{{nowhere}}/x"}"""));
            await _cluster.AdminAsync("patch", kind, "breakglass-operator", "--type=json", "-p", $"[{patch}]");
        }

        await Eventually.TrueAsync(
            async () => (await _cluster.ControlPlane.KubectlAsync(_cluster.Alice, ["create", "-f", "-"],
                Manifests.Grant("nobody-answers", "payments-oncall"))).Error.Contains("failed calling webhook", StringComparison.Ordinal),
            expected: "the webhooks to be out of reach");
    }

    /// <summary>What config/components/webhook-conditions changes, in the configurations of this cluster, which have URLs.</summary>
    private async Task ConditionsAsync()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(TestCluster.Config("components"), "webhook-conditions", "kustomization.yaml"));
        var kinds = new Queue<string>(["mutatingwebhookconfiguration", "validatingwebhookconfiguration"]);
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i] != "  patch: |-") continue;
            var patch = string.Join('\n', lines.Skip(i + 1).TakeWhile(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l[4..]));
            await _cluster.AdminAsync("patch", kinds.Dequeue(), "breakglass-operator", "--type=json", "-p", patch);
        }

        kinds.Should().BeEmpty();
    }

    private Task<CommandResult> PatchAsync(string who, string what, string patch) => _cluster.KubectlAsync(who, "patch", what, "--type=merge", "-p", patch);
}
