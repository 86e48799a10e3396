using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Guard;

/// <summary>What the operator's and the reaper's own tokens can do to RBAC where the fence is (Kubernetes 1.30 and later).</summary>
[Collection(nameof(OneGuardedCluster))]
public sealed class FenceTests(GuardedCluster guarded)
{
    private const string Fenced = "operator's fence refuses";

    private readonly TestCluster _cluster = guarded.Cluster;
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    [ServerFact(MinMinor = 30)]
    public async Task Their_tokens_could_delete_any_binding_of_the_cluster()
    {
        await _cluster.AdminAsync("create", "rolebinding", $"tenant-{_id}", "-n", "default", "--clusterrole=view", "--group=tenants");
        await _cluster.AdminAsync(
            "label", "rolebinding", $"tenant-{_id}", "-n", "default", "app.kubernetes.io/managed-by=breakglass-operator", "breakglass.dev/grant=inc");

        // By its name it could be ours, and is not.
        await _cluster.AdminAsync("create", "rolebinding", $"breakglass-{_id}-0123456789", "-n", "default", "--clusterrole=view", "--group=tenants");
        foreach (var kubeconfig in (string[])[_cluster.OperatorKubeconfig, _cluster.ReaperKubeconfig])
        {
            foreach (var command in (string[])[
                "delete rolebinding system::leader-locking-kube-scheduler -n kube-system", $"delete rolebinding tenant-{_id} -n default",
                $"delete rolebinding breakglass-{_id}-0123456789 -n default",
                "delete clusterrolebinding cluster-admin", "delete clusterrolebinding breakglass-operator", "delete clusterrolebinding breakglass-reaper",
                "delete rolebinding breakglass-reaper -n breakglass-grants",
                "delete role breakglass-reaper -n breakglass-grants", $"annotate rolebinding tenant-{_id} -n default x=y",
                "annotate clusterrolebinding cluster-admin x=y"])
            {
                var answer = await _cluster.KubectlAsync(kubeconfig, [.. command.Split(' '), "--dry-run=server"]);
                answer.ExitCode.Should().NotBe(0, command);

                // Some changes RBAC itself refuses before, because they would give more than the token's owner holds.
                answer.Error.Should().MatchRegex(command.StartsWith("delete", StringComparison.Ordinal) ? Fenced : $"{Fenced}|not currently held", command);
            }
        }

        (await _cluster.AdminAsync("get", "rolebinding", $"tenant-{_id}", "-n", "default", "-o", "name")).Should().Contain(_id);
    }

    [ServerFact(MinMinor = 30)]
    public async Task The_operators_token_could_bind_its_roles_to_anybody_under_any_name()
    {
        foreach (var (name, marks, subject) in ((string, string, string)[])[
            ($"mine-{_id}", "breakglass.dev/grant: inc", "{kind: ServiceAccount, name: inc-0123456789, namespace: breakglass-grants}"),
            ($"breakglass-inc-{_id}aa", "a: b", "{kind: ServiceAccount, name: inc-0123456789, namespace: breakglass-grants}"),
            ($"breakglass-inc-{_id}aa", "breakglass.dev/grant: inc", "{kind: ServiceAccount, name: default, namespace: default}"),
            ($"breakglass-inc-{_id}aa", "breakglass.dev/grant: inc", "{kind: Group, name: system:authenticated, apiGroup: rbac.authorization.k8s.io}"),
            ($"breakglass-inc-{_id}aa", "breakglass.dev/grant: inc", "{kind: User, name: system:anonymous, apiGroup: rbac.authorization.k8s.io}"),
            ($"breakglass-inc-{_id}aa", "breakglass.dev/grant: inc",
                "{kind: User, name: a, apiGroup: rbac.authorization.k8s.io}, {kind: User, name: b, apiGroup: rbac.authorization.k8s.io}")])
        {
            var answer = await _cluster.ControlPlane.KubectlAsync(_cluster.OperatorKubeconfig, ["create", "--dry-run=server", "-f", "-"], $$"""
                apiVersion: rbac.authorization.k8s.io/v1
                kind: RoleBinding
                metadata: {name: {{name}}, namespace: default, labels: {{{marks}}} }
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
                subjects: [{{subject}}]
                """);
            answer.Error.Should().Contain(Fenced, $"{name} {marks} {subject}");
        }
    }

    // RBAC does not stand in the way: the operator holds escalate and bind on the Roles of the grants' namespace.
    [ServerTheory(MinMinor = 30)]
    [InlineData("{apiGroups: [''], resources: [secrets], verbs: [get]}")]
    [InlineData("{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a, b]}")]
    [InlineData("{apiGroups: [''], resources: [secrets], verbs: [get, patch], resourceNames: [a]}")]
    [InlineData("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}")]
    [InlineData("{apiGroups: [''], resources: [namespaces], verbs: [patch], resourceNames: [breakglass-grants]}")]
    [InlineData("{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]}, {apiGroups: [''], resources: [resourcequotas], verbs: [delete]}")]
    [InlineData("{apiGroups: [''], resources: [pods], verbs: [create]}")]
    public async Task The_operators_token_writes_no_role_but_for_one_secret(string rules)
    {
        var role = await _cluster.ControlPlane.KubectlAsync(_cluster.OperatorKubeconfig, ["create", "--dry-run=server", "-f", "-"], $$"""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: inc-0123456789-reader, namespace: breakglass-grants, labels: {breakglass.dev/grant: inc} }
            rules: [{{rules}}]
            """);
        role.Error.Should().Contain(Fenced);
    }

    [ServerTheory(MinMinor = 30)]
    [InlineData("inc-0123456789-reader", "{kind: Role, name: somebodys-own}", false)]
    [InlineData("inc-0123456789-reader", "{kind: Role, name: breakglass-operator}", false)]
    [InlineData("inc-0123456789-reader", "{kind: ClusterRole, name: edit}", false)]
    [InlineData("breakglass-inc-0123456789", "{kind: ClusterRole, name: edit}", false)]
    [InlineData("inc-0123456789-reader", "{kind: Role, name: inc-0123456789-reader}", true)]
    public async Task The_operators_token_binds_no_role_of_the_grants_namespace_but_that_of_the_same_name(string name, string role, bool allowed)
    {
        if (!(await _cluster.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "get", "role", "somebodys-own", "-n", "breakglass-grants")).Output
            .Contains("somebodys-own", StringComparison.Ordinal))
        {
            await _cluster.AdminAsync("create", "role", "somebodys-own", "-n", "breakglass-grants", "--verb=create", "--resource=pods");
            await _cluster.AdminAsync(
                "create", "role", "inc-0123456789-reader", "-n", "breakglass-grants", "--verb=get", "--resource=secrets", "--resource-name=a");
        }

        var answer = await _cluster.ControlPlane.KubectlAsync(_cluster.OperatorKubeconfig, ["create", "--dry-run=server", "-f", "-"], $$"""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: {{name}}, namespace: breakglass-grants, labels: {breakglass.dev/grant: inc} }
            roleRef: {apiGroup: rbac.authorization.k8s.io, {{role.TrimStart('{')}}
            subjects: [{kind: User, name: mallory, apiGroup: rbac.authorization.k8s.io}]
            """);
        if (allowed) answer.OrThrow(); else answer.Error.Should().Contain(Fenced);
    }

    [ServerTheory(MinMinor = 30)]
    [InlineData("ServiceAccountToken", "false")]
    [InlineData("BindRequester", "false")]
    [InlineData("ServiceAccountToken", "true")]
    public async Task The_whole_life_of_a_grant_goes_on_also_where_its_bindings_were_tampered_with(string credential, string clusterWide)
    {
        var incident = await Incident.BeginAsync(
            _cluster, $"  credential: {credential}",
            clusterWide == "true" ? "{name: all, roleRef: {kind: ClusterRole, name: view}, clusterWide: true}" : null);
        var binding = (await incident.ActivateAsync()).Status.Bindings[0];
        string[] it = binding.Namespace is null ? ["clusterrolebinding", binding.Name] : ["rolebinding", binding.Name, "-n", binding.Namespace];

        // All marks go in one write; what the subject says is enough.
        await _cluster.AdminAsync(["patch", .. it, "--type=merge", "-p", """{"metadata":{"labels":null,"annotations":null,"ownerReferences":null}}"""]);
        await Eventually.TrueAsync(async () => (await _cluster.AdminAsync(["get", .. it, "-o", "jsonpath={.metadata.labels}"]))
            .Contains("breakglass.dev/grant", StringComparison.Ordinal), expected: "the marks, restored");

        // Another subject, and far too many of them.
        var many = string.Join(',', Enumerable.Range(0, 1000).Select(i => $$"""{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"u{{i}}"}"""));
        await _cluster.AdminAsync(["patch", .. it, "--type=merge", "-p", $$"""{"subjects":[{{many}}]}"""]);
        await Eventually.TrueAsync(async () => !(await _cluster.AdminAsync(["get", .. it, "-o", "jsonpath={.subjects}"]))
            .Contains("u999", StringComparison.Ordinal), expected: "the subject, restored");

        await _cluster.AdminAsync(["patch", .. it, "--type=merge", "-p", """{"subjects":[],"metadata":{"finalizers":["example.com/mine"]}}"""]);
        await incident.RevokeAsync();
        await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
        (await _cluster.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, ["get", .. it])).ExitCode.Should().NotBe(0);
    }
}
