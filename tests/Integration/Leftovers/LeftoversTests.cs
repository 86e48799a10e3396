using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Leftovers;

/// <summary>What a grant leaves behind, on a real API server with its own garbage collector, and as whom a grant could act.</summary>
public sealed class LeftoversTests(StampedCluster stamped) : IClassFixture<StampedCluster>
{
    private readonly TestCluster _cluster = stamped.Cluster;

    [ServerFact(MinMinor = 30)]
    public async Task What_a_grant_leaves_behind_stands_in_its_record_once_it_is_over()
    {
        var (incident, kubeconfig) = await stamped.GrantAsync();
        await DoAsync(kubeconfig, incident, "create cronjob stay --image=none --schedule=@daily", "create deployment debug --image=none",
            "create secret generic copied --from-literal=a=b");
        var uid = (await incident.ReadAsync()).Metadata.Uid;
        foreach (var made in (string[])["cronjob/stay", "deployment/debug", "secret/copied"]) (await MarkAsync(incident, made)).Should().Be(uid);

        // Neither with the webhook nor past it does the mark go away, or come to what somebody else made.
        await _cluster.KubectlAsync(kubeconfig, "label", "deployment/debug", "-n", incident.Namespace, "breakglass.dev/made-by-");
        await _cluster.KubectlAsync(kubeconfig, "label", "configmap/checkout", "-n", incident.Namespace, "breakglass.dev/made-by=framed");
        (await MarkAsync(incident, "deployment/debug")).Should().Be(uid);
        (await MarkAsync(incident, "configmap/checkout")).Should().BeEmpty();

        await incident.RevokeAsync();
        var record = await incident.WaitAsync("LeftBehind");
        record.Status.Residue.Should().Contain(r => r.StartsWith($"left: cronjobs.batch {incident.Namespace}/stay (UID ", StringComparison.Ordinal))
            .And.Contain(r => r.StartsWith($"left: deployments.apps {incident.Namespace}/debug (UID ", StringComparison.Ordinal))
            .And.Contain($"created secrets {incident.Namespace}/copied");
        (await _cluster.AdminAsync("get", "cronjob,deployment,secret", "-n", incident.Namespace, "-l", $"breakglass.dev/made-by={uid}", "-o", "name"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Should().HaveCount(3, "Report removes nothing");
    }

    [ServerFact(MinMinor = 30)]
    public async Task What_is_to_be_removed_goes_with_the_grants_binding_but_for_data()
    {
        var (incident, kubeconfig) = await stamped.GrantAsync("  leftovers: Remove");
        await DoAsync(kubeconfig, incident, "create cronjob stay --image=none --schedule=@daily", "create secret generic copied --from-literal=a=b");
        (await _cluster.ControlPlane.KubectlAsync(kubeconfig, ["apply", "-f", "-"], $$"""
            {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"{{incident.Namespace}}"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"} } } }
            """)).OrThrow();

        // A second owner that lives on would keep it.
        var ns = await _cluster.AdminAsync("get", "namespace", incident.Namespace, "-o", "jsonpath={.metadata.uid}");
        await _cluster.KubectlAsync(kubeconfig, "patch", "secret", "copied", "-n", incident.Namespace, "-p",
            $$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"{{incident.Namespace}}","uid":"{{ns}}" }] } }""");
        (await _cluster.AdminAsync("get", "secret", "copied", "-n", incident.Namespace, "-o", "jsonpath={.metadata.ownerReferences[*].kind}"))
            .Should().Be("RoleBinding");
        (await _cluster.AdminAsync("get", "cronjob", "stay", "-n", incident.Namespace, "-o", "name")).Should().NotBeEmpty();

        await incident.RevokeAsync();
        await Eventually.TrueAsync(async () => (await _cluster.AdminAsync("get", "cronjob,secret", "-n", incident.Namespace, "-o", "name")).Trim()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .All(o => o.StartsWith("secret/default-token", StringComparison.Ordinal)), expected: "what the grant made to be collected");
        (await _cluster.AdminAsync("get", "configmap", "checkout", "-n", incident.Namespace, "-o", "name")).Should().NotBeEmpty("it is not the grant's");
        var record = await incident.WaitAsync("LeftBehind");
        record.Status.Residue.Should().ContainSingle().Which.Should().StartWith($"left: persistentvolumeclaims {incident.Namespace}/data");
    }

    [ServerFact(MinMinor = 36)]
    public async Task The_API_server_marks_by_itself_where_no_replica_answers()
    {
        var (incident, kubeconfig) = await stamped.GrantAsync();
        await _cluster.AdminAsync("apply", "-f", Path.Combine(TestCluster.Config("components"), "stamp-policy", "policy.yaml"));
        var backup = await _cluster.AdminAsync("get", "mutatingwebhookconfiguration", "breakglass-operator-stamp", "-o", "json");
        await _cluster.AdminAsync("delete", "mutatingwebhookconfiguration", "breakglass-operator-stamp");
        try
        {
            var grant = await incident.ReadAsync();
            var uid = grant.Metadata.Uid;
            var account = grant.Status.ServiceAccount!.Split('/');
            await _cluster.AdminAsync("label", "serviceaccount", account[1], "-n", account[0], "app.kubernetes.io/managed-by=other", "--overwrite");
            var tries = 0;
            await Eventually.TrueAsync(async () =>
            {
                var name = $"try-{tries++}";
                await DoAsync(kubeconfig, incident, $"create configmap {name}");
                return await MarkAsync(incident, $"configmap/{name}") == uid;
            });
            await _cluster.AdminAsync("create", "configmap", "theirs", "-n", incident.Namespace);
            (await MarkAsync(incident, "configmap/theirs")).Should().BeEmpty();
            (await _cluster.KubectlAsync(kubeconfig, "label", "configmap/try-0", "-n", incident.Namespace, "breakglass.dev/made-by=other",
                "--overwrite")).Error.Should().Contain("no grant changes it");
        }
        finally
        {
            await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, backup);
            await _cluster.AdminAsync("delete", "-f", Path.Combine(TestCluster.Config("components"), "stamp-policy", "policy.yaml"));
        }
    }

    [Fact]
    public async Task A_selector_that_matches_everything_opens_nothing_in_the_control_plane()
    {
        await _cluster.AdminAsync("create", "namespace", "istio-system");
        var (incident, kubeconfig) = await stamped.GrantAsync(access: "{name: all, roleRef: {kind: ClusterRole, name: edit}, namespaceSelector: {}}");
        var bound = (await incident.ReadAsync()).Status.Bindings.Select(b => b.Namespace).ToList();
        bound.Should().Contain(incident.Namespace).And.Contain("default").And.NotContain(["kube-system", "kube-public", "kube-node-lease", "istio-system"]);
        var answer = await _cluster.KubectlAsync(
            kubeconfig, "create", "clusterrole", "mine", "--verb=get", "--resource=pods",
            "--as=system:serviceaccount:kube-system:clusterrole-aggregation-controller");
        answer.Error.Should().Contain("cannot impersonate");
        await incident.RevokeAsync();
    }

    [Fact]
    public async Task A_policy_that_names_kube_system_is_taken_with_a_warning_and_says_as_whom_its_grants_could_act()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await incident.ApplyPolicyAsync(access: "{name: system, roleRef: {kind: ClusterRole, name: edit}, namespaces: [kube-system]}");
        var policy = await Eventually.GetAsync(
            async () => await _cluster.Admin.GetAsync<BreakGlassPolicy>(
                incident.Policy, null, CancellationToken.None) is { Status.Roles: [{ Actors.Count: > 0 }] } p ? p : null,
            () => "no actors", expected: "status.roles with those as whom a grant could act");
        policy.Status.Conditions.Should().Contain(c => c.Type == "ReachesControlPlane" && c.Status == "True");
        var role = policy.Status.Roles[0];
        role.ActsThrough.Should().Contain(["impersonate", "pods", "exec"]);
        role.Actors.Should().Contain(a => a.ServiceAccount == "kube-system/clusterrole-aggregation-controller" && a.Can.Contains("escalate clusterroles"));
        role.ActorsAsked.Should().BePositive();
    }

    private async Task DoAsync(string kubeconfig, Incident incident, params string[] commands)
    {
        foreach (var command in commands) (await _cluster.KubectlAsync(kubeconfig, [.. command.Split(' '), "-n", incident.Namespace])).OrThrow();
    }

    private async Task<string> MarkAsync(Incident incident, string what) =>
        (await _cluster.AdminAsync("get", what, "-n", incident.Namespace, "-o", @"jsonpath={.metadata.labels.breakglass\.dev/made-by}")).Trim();
}
