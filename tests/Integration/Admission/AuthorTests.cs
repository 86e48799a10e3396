using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using TestKit;
using Xunit;

namespace Integration.Admission;

/// <summary>A policy gives only what its author could give by hand.</summary>
[Collection(nameof(OneAdmissionCluster))]
public sealed class AuthorTests(AdmissionCluster admission) : IAsyncLifetime
{
    private const string InDefault = "{name: a, roleRef: {kind: ClusterRole, name: view}, namespaces: [default]}";
    private const string InTwo = "{name: a, roleRef: {kind: ClusterRole, name: view}, namespaces: [default, kube-public]}";
    private const string BySelector = "{name: a, roleRef: {kind: ClusterRole, name: view}, namespaceSelector: {matchLabels: {a: b}}}";
    private const string Everywhere = "{name: a, roleRef: {kind: ClusterRole, name: view}, clusterWide: true}";
    private const string Edit = "{name: a, roleRef: {kind: ClusterRole, name: edit}, namespaces: [default]}";

    private readonly string _id = Guid.NewGuid().ToString("N")[..8];
    private string _local = "";
    private string _global = "";

    private string Policy => $"p-{_id}";

    /// <summary>Two authors of policies: one may bind view in the namespace default, the other everywhere.</summary>
    public async Task InitializeAsync()
    {
        var cluster = admission.Cluster;
        _local = await cluster.ControlPlane.UserKubeconfigAsync("local-author", ["authors"]);
        _global = await cluster.ControlPlane.UserKubeconfigAsync("global-author", ["authors"]);
        await cluster.ApplyAsync(cluster.ControlPlane.AdminKubeconfig, """
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: binds-view}
            rules:
            - {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [view], verbs: [bind]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: binds-view, namespace: default}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: binds-view}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: local-author}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: binds-view}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: binds-view}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: global-author}]
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: authors}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: breakglass-policy-author}
            subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: authors}]
            """);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("local", InDefault, null)]
    [InlineData("local", InTwo, "ClusterRole/view in namespace kube-public")]
    [InlineData("local", BySelector, "ClusterRole/view in the whole cluster")]
    [InlineData("local", Everywhere, "ClusterRole/view in the whole cluster")]
    [InlineData("local", Edit, "ClusterRole/edit in namespace default")]
    [InlineData("global", InTwo, null)]
    [InlineData("global", BySelector, null)]
    [InlineData("global", Everywhere, null)]
    [InlineData("global", Edit, "ClusterRole/edit in namespace default")]
    public async Task A_policy_is_created_only_by_who_may_bind_its_roles_where_it_reaches(string author, string access, string? lacks)
    {
        var result = await ApplyAsync(author == "local" ? _local : _global, Manifests.Policy(Policy, access));
        if (lacks is null)
        {
            result.OrThrow();
            (await admission.SealOfAsync<BreakGlassPolicy>(Policy)).Should().Be(SealState.Valid);
            return;
        }

        result.ExitCode.Should().NotBe(0, result.Output);
        result.Error.Should().Contain($"{author}-author").And.Contain(lacks).And.Contain("bind");
    }

    [Fact]
    public async Task Widening_needs_the_rights_and_the_rest_does_not()
    {
        (await ApplyAsync(_global, Manifests.Policy(Policy, InTwo))).OrThrow();
        (await PatchAsync("{\"spec\":{\"description\":\"mine now\"}}")).OrThrow();
        (await PatchAsync("{\"metadata\":{\"labels\":{\"a\":\"b\"}}}")).OrThrow();
        (await PatchAsync("{\"spec\":{\"suspended\":true}}")).OrThrow();
        (await admission.SealOfAsync<BreakGlassPolicy>(Policy)).Should().Be(SealState.Valid);
        var widened = await ApplyAsync(_local, Manifests.Policy(Policy, Everywhere));
        widened.Error.Should().Contain("local-author").And.Contain("whole cluster");
    }

    [Fact]
    public async Task A_policy_that_slipped_past_admission_is_sealed_by_nobody_who_lacks_its_rights()
    {
        await admission.RemoveWebhooksAsync();
        try
        {
            await Eventually.TrueAsync(async () =>
            {
                await admission.Cluster.AdminAsync("delete", "bgp", Policy, "--ignore-not-found");
                var made = await ApplyAsync(_local, Manifests.Policy(Policy, Everywhere));
                return made.ExitCode == 0 && await admission.SealOfAsync<BreakGlassPolicy>(Policy) is SealState.Missing;
            });
        }
        finally
        {
            await admission.ReinstallWebhooksAsync();
        }

        await Eventually.TrueAsync(
            async () => (await PatchAsync("{\"spec\":{\"description\":\"mine now\"}}")).Error.Contains("whole cluster", StringComparison.Ordinal));
        (await PatchAsync("{\"spec\":{\"suspended\":true}}")).OrThrow();
        await admission.Cluster.AdminAsync("label", "bgp", Policy, "a=b");
        (await admission.SealOfAsync<BreakGlassPolicy>(Policy)).Should().Be(SealState.Missing, "neither shutting it nor a label vouches for it");
        var asked = await admission.Cluster.KubectlAsync(_local, "annotate", "bgp", Policy, "breakglass.dev/seal=renew");
        asked.Error.Should().Contain("whole cluster");
        (await admission.Cluster.KubectlAsync(_global, "annotate", "bgp", Policy, "breakglass.dev/seal=renew")).OrThrow();
        (await admission.SealOfAsync<BreakGlassPolicy>(Policy)).Should().Be(SealState.Valid, "whoever could give it all may vouch for it");
    }

    [Theory]
    [InlineData("schedule: {timeZone: Europe/Berlin, windows: [{days: [Sat], start: \"22:00\", end: \"04:00\"}]}", "spec.schedule")]
    [InlineData("duration: {default: 2h, max: 1h}", "spec.duration")]
    [InlineData("duration: {default: 1h, max: 13h}", "12h")]
    [InlineData("justification: {ticketPattern: '(('}", "ticketPattern")]
    public async Task A_policy_that_breaks_a_rule_is_refused(string more, string says)
    {
        var result = await ApplyAsync(admission.Cluster.ControlPlane.AdminKubeconfig, Manifests.Policy(Policy, more: more));
        result.ExitCode.Should().NotBe(0, result.Output);
        result.Error.Should().Contain(says);
    }

    private Task<CommandResult> PatchAsync(string patch) => admission.Cluster.KubectlAsync(_local, "patch", "bgp", Policy, "--type=merge", "-p", patch);

    private Task<CommandResult> ApplyAsync(string kubeconfig, string manifest) =>
        admission.Cluster.ControlPlane.KubectlAsync(kubeconfig, ["apply", "-f", "-"], manifest);
}
