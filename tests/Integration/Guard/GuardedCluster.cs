using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using k8s.Models;
using TestKit;
using Xunit;

namespace Integration.Guard;

/// <summary>One cluster for all tests of the guard, one after another.</summary>
[CollectionDefinition(nameof(OneGuardedCluster))]
public sealed class OneGuardedCluster : ICollectionFixture<GuardedCluster>;

/// <summary>A cluster with an operator, where policies can hand out cluster-admin and nothing but the guard stands in a grant's way.</summary>
public sealed class GuardedCluster : IAsyncLifetime
{
    private TestCluster? _cluster;
    private RunningOperator? _operator;
    private GuardHost? _host;
    private string? _probe;

    /// <summary>Whether the server has ValidatingAdmissionPolicies.</summary>
    public static bool HasPolicies => Release.Installed.Minor >= 30;

    internal TestCluster Cluster => _cluster!;

    internal GuardHost Host => _host!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        await Cluster.AdminAsync("patch", "clusterrole", "breakglass-operator-bind", "--type=json", "-p",
            """[{"op":"add","path":"/rules/0/resourceNames/-","value":"cluster-admin"}]""");

        // An identity of the grants' namespace without a grant: by what it is told one sees who decides.
        await Cluster.AdminAsync("create", "serviceaccount", "probe", "-n", "breakglass-grants");
        await Cluster.AdminAsync("create", "clusterrolebinding", "probe", "--clusterrole=cluster-admin", "--serviceaccount=breakglass-grants:probe");
        _probe = await Cluster.ControlPlane.ServiceAccountKubeconfigAsync("breakglass-grants", "probe");

        // Servers before 1.21 do not label namespaces with their names.
        await Cluster.AdminAsync("label", "namespace", "kube-system", "kubernetes.io/metadata.name=kube-system", "--overwrite");
        _operator = await Cluster.StartOperatorAsync();
        _host = await GuardHost.StartAsync(Cluster.OperatorKubeconfig);
        await PlugInAsync();
        if (!HasPolicies) return;
        await UnplugAsync();
        await PlugInAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    /// <summary>
    /// Installs the guard and has the API server ask the webhook of this process: there is no Service here, and nothing that one would lead to.
    /// </summary>
    internal async Task PlugInAsync()
    {
        await Cluster.AdminAsync("apply", "-k", TestCluster.Config(HasPolicies ? "guard" : "guard-legacy"));
        var patch = string.Join(',', Host.Urls.Select(
            (url, i) => $$"""{"op":"replace","path":"/webhooks/{{i}}/clientConfig","value":{"url":"{{url}}","caBundle":"{{Host.CaBundle}}"} }"""));
        await Cluster.AdminAsync("patch", "mutatingwebhookconfiguration", "breakglass-operator-guard", "--type=json", "-p", $"[{patch}]");
        await RefusedByAsync("does not belong to a known grant");
    }

    /// <summary>Takes the webhook away, as somebody would who wants to go unseen.</summary>
    internal async Task UnplugAsync()
    {
        await Cluster.AdminAsync("delete", "mutatingwebhookconfiguration", "breakglass-operator-guard");
        await RefusedByAsync("ValidatingAdmissionPolicy");
    }

    /// <summary>Installs the guard with a webhook that nobody serves, as where the operator is down.</summary>
    internal Task PointNowhereAsync() => Cluster.AdminAsync("apply", "-k", TestCluster.Config("guard"));

    private Task RefusedByAsync(string words) => Eventually.TrueAsync(
        async () => (await Cluster.KubectlAsync(_probe!, "create", "clusterrole", "probe", "--verb=get", "--resource=pods", "--dry-run=server")).Error
            .Contains(words, StringComparison.Ordinal),
        expected: $"a refusal that says: {words}");

    /// <summary>An active grant of cluster-admin in the whole cluster, and the kubeconfig of its identity.</summary>
    internal async Task<(Incident Incident, BreakGlassGrant Grant, string Kubeconfig)> GrantAsync(params string[] allowPersistence)
    {
        var incident = await Incident.BeginAsync(
            Cluster, $"  allowPersistence: [{string.Join(", ", allowPersistence)}]",
            "{name: all, roleRef: {kind: ClusterRole, name: cluster-admin}, clusterWide: true}");
        var grant = await incident.ActivateAsync("30m");
        var policy = await Cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None);
        foreach (var role in HasPolicies ? PersistenceRights.ClusterRoles(policy.Spec) : [])
        {
            var name = $"{incident.Grant}-{role}";
            if ((await Cluster.KubectlAsync(Cluster.ControlPlane.AdminKubeconfig, "get", "clusterrolebinding", name)).ExitCode == 0) continue;
            await Cluster.Admin.CreateAsync(
                new V1ClusterRoleBinding { Metadata = new() { Name = name }, RoleRef = new() { Kind = V1ClusterRole.KubeKind, Name = role },
                    Subjects = [PersistenceRights.Holder(grant, new CoreSettings())] },
                CancellationToken.None);
        }

        return (incident, grant, await incident.FetchKubeconfigAsync());
    }
}
