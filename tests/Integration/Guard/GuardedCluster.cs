using BreakGlass.Core;
using BreakGlass.Core.Api;
using BreakGlass.Core.Guard;
using Kube.Model;
using TestKit;
using Xunit;

namespace Integration.Guard;

/// <summary>A cluster with an operator, where policies can hand out cluster-admin and nothing but the guard stands in a grant's way.</summary>
public sealed class GuardedCluster : IAsyncLifetime
{
    private Cluster? _cluster;
    private RunningOperator? _operator;
    private GuardHost? _host;

    /// <summary>Whether the server has ValidatingAdmissionPolicies.</summary>
    public static bool HasPolicies => Release.Installed.Minor >= 30;

    internal Cluster Cluster => _cluster!;

    internal GuardHost Host => _host!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await Cluster.StartAsync();
        await Cluster.AdminAsync("patch", "clusterrole", "breakglass-operator-bind", "--type=json", "-p", """[{"op":"add","path":"/rules/0/resourceNames/-","value":"cluster-admin"}]""");
        await Cluster.AdminAsync("apply", "-k", Cluster.Config(HasPolicies ? "guard" : "guard-legacy"));
        _operator = await Cluster.StartOperatorAsync();
        _host = await GuardHost.StartAsync(Cluster.OperatorKubeconfig);
        await PlugInAsync();
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_operator is not null) await _operator.DisposeAsync();
        if (_cluster is not null) await _cluster.DisposeAsync();
    }

    /// <summary>Has the API server ask the webhook of this process: there is no Service here, and nothing that a Service would lead to.</summary>
    internal async Task PlugInAsync()
    {
        var config = $$"""{"url":"{{Host.Url}}","caBundle":"{{Host.CaBundle}}"}""";
        var patch = string.Join(',', Enumerable.Range(0, 3).Select(i => $$"""{"op":"replace","path":"/webhooks/{{i}}/clientConfig","value":{{config}}}"""));
        await Cluster.AdminAsync("patch", "mutatingwebhookconfiguration", "breakglass-operator-guard", "--type=json", "-p", $"[{patch}]");
    }

    /// <summary>Takes the webhook away, as somebody would who wants to go unseen.</summary>
    internal Task UnplugAsync() => Cluster.AdminAsync("delete", "mutatingwebhookconfiguration", "breakglass-operator-guard");

    /// <summary>An active grant of cluster-admin in the whole cluster, and the kubeconfig of its identity.</summary>
    internal async Task<(Incident Incident, BreakGlassGrant Grant, string Kubeconfig)> GrantAsync(params string[] allowPersistence)
    {
        var incident = await Incident.BeginAsync(
            Cluster, $"  allowPersistence: [{string.Join(", ", allowPersistence)}]", "{name: all, roleRef: {kind: ClusterRole, name: cluster-admin}, clusterWide: true}");
        var grant = await incident.ActivateAsync("30m");
        var policy = await Cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None);
        foreach (var role in HasPolicies ? PersistenceRights.ClusterRoles(policy.Spec) : [])
        {
            var name = $"{incident.Grant}-{role}";
            if ((await Cluster.KubectlAsync(Cluster.ControlPlane.AdminKubeconfig, "get", "clusterrolebinding", name)).ExitCode == 0) continue;
            await Cluster.Admin.CreateAsync(
                new ClusterRoleBinding { Metadata = new() { Name = name }, RoleRef = new() { Kind = nameof(ClusterRole), Name = role }, Subjects = [PersistenceRights.Holder(grant, new CoreSettings())] },
                CancellationToken.None);
        }

        return (incident, grant, await incident.FetchKubeconfigAsync());
    }
}
