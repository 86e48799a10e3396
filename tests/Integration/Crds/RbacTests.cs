using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Crds;

/// <summary>What the roles of config/rbac let their holders do, as the API server judges it.</summary>
[Collection(CrdTests.Name)]
public sealed class RbacTests(CrdFixture crds) : IAsyncLifetime
{
    private const string Operator = "system:serviceaccount:breakglass-system:breakglass-operator";
    private const string Reaper = "system:serviceaccount:breakglass-system:breakglass-reaper";

    public Task InitializeAsync() => crds.ApplyAsync("config/rbac");

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(Operator, "create rolebindings.rbac.authorization.k8s.io -n kube-system", true)]
    [InlineData(Operator, "bind clusterroles.rbac.authorization.k8s.io/edit", true)]
    [InlineData(Operator, "bind clusterroles.rbac.authorization.k8s.io/cluster-admin", false)]
    [InlineData(Operator, "bind roles.rbac.authorization.k8s.io -n kube-system", false)]
    [InlineData(Operator, "escalate clusterroles.rbac.authorization.k8s.io", false)]
    [InlineData(Operator, "escalate roles.rbac.authorization.k8s.io -n breakglass-grants", true)]
    [InlineData(Operator, "bind roles.rbac.authorization.k8s.io -n breakglass-grants", true)]
    [InlineData(Operator, "escalate roles.rbac.authorization.k8s.io -n kube-system", false)]
    [InlineData(Operator, "escalate roles.rbac.authorization.k8s.io -n breakglass-system", false)]
    [InlineData(Operator, "bind roles.rbac.authorization.k8s.io -n breakglass-system", false)]
    [InlineData(Operator, "bind clusterroles.rbac.authorization.k8s.io/cluster-admin -n breakglass-grants", false)]
    [InlineData(Operator, "escalate clusterroles.rbac.authorization.k8s.io -n breakglass-grants", false)]
    [InlineData(Operator, "impersonate users", false)]
    [InlineData(Operator, "get secrets -n breakglass-grants", true)]
    [InlineData(Operator, "get secrets -n kube-system", false)]
    [InlineData(Operator, "get secrets -n breakglass-system", false)]
    [InlineData(Operator, "list secrets -n breakglass-system", false)]
    [InlineData(Operator, "get secrets/breakglass-seal-keys -n breakglass-system", true)]
    [InlineData(Operator, "update secrets/breakglass-webhook-tls -n breakglass-system", true)]
    [InlineData(Operator, "update secrets/breakglass-gateway-tls -n breakglass-system", true)]
    [InlineData(Operator, "update secrets/other -n breakglass-system", false)]
    [InlineData(Operator, "create secrets -n breakglass-system", true)]
    [InlineData(Operator, "patch mutatingwebhookconfigurations.admissionregistration.k8s.io/breakglass-operator", true)]
    [InlineData(Operator, "patch validatingwebhookconfigurations.admissionregistration.k8s.io/breakglass-operator", true)]
    [InlineData(Operator, "patch validatingwebhookconfigurations.admissionregistration.k8s.io/other", false)]
    [InlineData(Operator, "list mutatingwebhookconfigurations.admissionregistration.k8s.io", false)]
    [InlineData(Operator, "delete mutatingwebhookconfigurations.admissionregistration.k8s.io/breakglass-operator", false)]
    [InlineData(Operator, "create serviceaccounts --subresource=token -n breakglass-grants", true)]
    [InlineData(Operator, "create serviceaccounts --subresource=token -n kube-system", false)]
    [InlineData(Operator, "create roles.rbac.authorization.k8s.io -n kube-system", false)]
    [InlineData(Operator, "create pods -n breakglass-grants", false)]
    [InlineData(Operator, "update breakglassgrants.breakglass.dev --subresource=status", true)]
    [InlineData(Operator, "patch breakglassgrants.breakglass.dev", true)]
    [InlineData(Operator, "update breakglassgrants.breakglass.dev", false)]
    [InlineData(Operator, "create breakglassgrants.breakglass.dev", false)]
    [InlineData(Operator, "create events.events.k8s.io -n default", true)]
    [InlineData(Operator, "update leases.coordination.k8s.io -n breakglass-system", true)]
    [InlineData(Reaper, "delete clusterrolebindings.rbac.authorization.k8s.io", true)]
    [InlineData(Reaper, "create clusterrolebindings.rbac.authorization.k8s.io", false)]
    [InlineData(Reaper, "delete secrets -n breakglass-grants", true)]
    [InlineData(Reaper, "list secrets -n kube-system", false)]
    [InlineData(Reaper, "list breakglassgrants.breakglass.dev", true)]
    [InlineData(Reaper, "update breakglassgrants.breakglass.dev", false)]
    public async Task An_identity_may_do_exactly_its_work(string identity, string what, bool allowed)
    {
        string[] question = ["auth", "can-i", .. what.Split(' '), "--as", identity];
        if (allowed) await SucceedsAsync(crds.ControlPlane.AdminKubeconfig, question);
        var result = await crds.ControlPlane.KubectlAsync(crds.ControlPlane.AdminKubeconfig, question);
        result.Output.Trim().Should().StartWith(allowed ? "yes" : "no", result.Error);
    }

    [Fact]
    public async Task The_server_lets_the_operator_hand_out_edit_and_refuses_cluster_admin()
    {
        var kubeconfig = await crds.ControlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-operator");
        static string[] Bind(string role) =>
            ["create", "rolebinding", $"hands-out-{role}", "--clusterrole", role, "--user", "alice", "-n", "default", "--dry-run=server"];

        await SucceedsAsync(kubeconfig, Bind("edit"));
        var refused = await crds.ControlPlane.KubectlAsync(kubeconfig, Bind("cluster-admin"));
        refused.ExitCode.Should().NotBe(0);
        refused.Error.Should().Contain("attempting to grant RBAC permissions not currently held");
    }

    [Fact]
    public async Task The_operator_can_let_a_requester_read_one_secret()
    {
        var kubeconfig = await crds.ControlPlane.ServiceAccountKubeconfigAsync("breakglass-system", "breakglass-operator");
        await crds.ControlPlane.AdminAsync(["delete", "role,rolebinding", "reads-one", "-n", "breakglass-grants", "--ignore-not-found"]);
        foreach (string[] command in new string[][]
        {
            ["create", "role", "reads-one", "--verb=get", "--resource=secrets", "--resource-name=one"],
            ["create", "rolebinding", "reads-one", "--role=reads-one", "--user=alice"],
            ["delete", "rolebinding", "reads-one"],
            ["delete", "role", "reads-one"],
        })
        {
            await SucceedsAsync(kubeconfig, [.. command, "-n", "breakglass-grants"]);
        }
    }

    [Fact]
    public async Task No_pod_can_run_in_the_grants_namespace()
    {
        await crds.ControlPlane.AdminAsync(
            ["wait", "--for=jsonpath={.status.hard.pods}=0", Eventually.KubectlTimeout, "resourcequota/no-pods", "-n", "breakglass-grants"]);
        await crds.ControlPlane.AdminAsync(["delete", "serviceaccount", "no-pods", "-n", "breakglass-grants", "--ignore-not-found"]);
        await crds.ControlPlane.AdminAsync(["create", "serviceaccount", "no-pods", "-n", "breakglass-grants"]);
        var result = await crds.ControlPlane.KubectlAsync(
            crds.ControlPlane.AdminKubeconfig,
            ["run", "intruder", "--image=none", "-n", "breakglass-grants", "--dry-run=server", "--overrides",
                """{"spec":{"serviceAccountName":"no-pods","securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"containers":["""
                    + """{"name":"intruder","image":"none","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}"""]);
        result.ExitCode.Should().NotBe(0);
        result.Error.Should().Contain("exceeded quota");
    }

    /// <summary>Waits until somebody is not refused any more: the authorizer sees roles and bindings a moment after they were applied.</summary>
    private async Task SucceedsAsync(string kubeconfig, string[] command)
    {
        CommandResult? answer = null;
        await Eventually.TrueAsync(
            async () => (answer = await crds.ControlPlane.KubectlAsync(kubeconfig, command)).ExitCode == 0, () => answer?.Output + answer?.Error,
            expected: string.Join(' ', command));
    }
}
