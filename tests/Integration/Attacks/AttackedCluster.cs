using System.Globalization;
using FluentAssertions;
using Integration.Admission;
using k8s.Models;
using TestKit;
using Xunit;

namespace Integration.Attacks;

/// <summary>All attacks share one cluster.</summary>
[CollectionDefinition(nameof(OneAttackedCluster))]
public sealed class OneAttackedCluster : ICollectionFixture<SharedBatch>, ICollectionFixture<AttackedCluster>;

/// <summary>
/// A cluster as it is meant to be run: the operator as its own ServiceAccount, believing nobody but its own webhooks, and people who have the rights that
/// config/rbac gives people of their kind, and no others.
/// </summary>
public sealed class AttackedCluster : IAsyncLifetime
{
    /// <summary>A role that the operator may bind and that grows in the tests of pinning.</summary>
    public static IReadOnlyList<string> GrowingRoles { get; } = ["grows-warned", "grows-suspended", "grows-mended", "grows-aggregated"];

    private readonly List<Person> _people = [];
    private TestCluster? _cluster;
    private RunningOperator? _operator;

    internal TestCluster Cluster => _cluster!;

    internal RunningOperator Operator => _operator!;

    internal int Port { get; } = Ports.Free();

    /// <summary>In system:masters: sets up, looks, and tampers where nobody else could.</summary>
    internal Person Admin { get; private set; } = null!;

    /// <summary>May ask, and so may Bob.</summary>
    internal Person Alice { get; private set; } = null!;

    internal Person Bob { get; private set; } = null!;

    /// <summary>Is known and may do nothing.</summary>
    internal Person Mallory { get; private set; } = null!;

    /// <summary>Has no credentials at all.</summary>
    internal Person Nobody { get; private set; } = null!;

    /// <summary>Two who may approve.</summary>
    internal Person Carol { get; private set; } = null!;

    internal Person Chris { get; private set; } = null!;

    /// <summary>May ask, approve and review, so that only being the same person stands in her way.</summary>
    internal Person Dora { get; private set; } = null!;

    /// <summary>May review.</summary>
    internal Person Rita { get; private set; } = null!;

    /// <summary>May review and approve.</summary>
    internal Person Sue { get; private set; } = null!;

    /// <summary>May use the kill switch.</summary>
    internal Person Kim { get; private set; } = null!;

    /// <summary>Writes policies; Lena may bind what each test lets her, Gus may bind edit and view everywhere.</summary>
    internal Person Lena { get; private set; } = null!;

    internal Person Gus { get; private set; } = null!;

    /// <summary>May write the status of all our kinds, change and delete them: what an etcd editor or a careless role could do.</summary>
    internal Person Tess { get; private set; } = null!;

    /// <summary>Somebody with the operator's token.</summary>
    internal Person Thief { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        await AdmissionCluster.InstallWebhooksAsync(_cluster, Port);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Rights);
        if (Release.Installed.Minor >= 30) await Leftovers.StampedCluster.PlugInAsync(_cluster, Port);
        _operator = await _cluster.StartOperatorAsync(
            "--trust-requester=false", "--webhook=true", $"--webhook-address=127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}",
            "--webhook-extra-names=127.0.0.1");
        Admin = Add("admin", "system:masters", _cluster.ControlPlane.AdminKubeconfig);
        Thief = Add("system:serviceaccount:breakglass-system:breakglass-operator", "system:serviceaccounts", _cluster.OperatorKubeconfig);
        Alice = Add("alice", "payments-oncall", _cluster.Alice);
        Bob = Add("bob", "payments-oncall", _cluster.Bob);
        Mallory = Add("mallory", null, _cluster.Mallory);
        Nobody = Add("system:anonymous", null, null);
        (Carol, Chris, Dora) = (await MakeAsync("carol", "commanders"), await MakeAsync("chris", "commanders"),
            await MakeAsync("dora", "payments-oncall", "commanders", "security"));
        (Rita, Sue, Kim) = (await MakeAsync("rita", "security"), await MakeAsync("sue", "security", "commanders"), await MakeAsync("kim", "incident-leads"));
        (Lena, Gus, Tess) = (await MakeAsync("lena", "authors"), await MakeAsync("gus", "authors"), await MakeAsync("tess", "tamperers"));
        await EnforcedAsync();
        if (Release.Installed.Minor >= 30) await Leftovers.StampedCluster.PluggedInAsync(_cluster);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        try
        {
            if (_operator is not null) _operator.Exit.IsCompleted.Should().BeFalse($"nothing that anybody does ends the operator; it said\n{_operator.Log}");
        }
        finally
        {
            foreach (var person in _people) person.Dispose();
            if (_operator is not null) await _operator.DisposeAsync();
            if (_cluster is not null) await _cluster.DisposeAsync();
        }
    }

    /// <summary>Whether somebody may change ConfigMaps in a namespace, asked of the authorizer.</summary>
    internal async Task<bool> MayAsync(Person who, string ns)
    {
        var question = new V1SubjectAccessReview
        {
            Spec = new()
            {
                User = who.Name, Groups = [.. who.Group is null ? Array.Empty<string>() : [who.Group], "system:authenticated"],
                ResourceAttributes = new() { Verb = "update", Resource = "configmaps", NamespaceProperty = ns },
            },
        };
        return (await Cluster.Admin.CreateAsync(question, CancellationToken.None)).Status!.Allowed;
    }

    /// <summary>Takes the webhook configurations away, and waits until the API server has noticed.</summary>
    internal async Task RemoveWebhooksAsync()
    {
        await Cluster.AdminAsync("delete", "mutatingwebhookconfiguration,validatingwebhookconfiguration", "breakglass-operator");
        await Eventually.TrueAsync(async () => await ProbeAsync() is { Good: true } answer
            && !answer.Text.Contains("breakglass.dev/seal", StringComparison.Ordinal), expected: "writes without webhooks");
    }

    /// <summary>Puts them back, and waits likewise.</summary>
    internal async Task RestoreWebhooksAsync()
    {
        await AdmissionCluster.InstallWebhooksAsync(Cluster, Port);
        await EnforcedAsync();
    }

    private Task EnforcedAsync() => Eventually.TrueAsync(
        async () => await ProbeAsync() is { Good: true } answer && answer.Text.Contains("breakglass.dev/seal", StringComparison.Ordinal),
        expected: "writes that go through the webhooks");

    // Not a lockdown, which is let through without a webhook that answers.
    private Task<ApiAnswer> ProbeAsync() => Admin.CreateAsync(Admission.Manifests.Policy("probe"), "?dryRun=All");

    private async Task<Person> MakeAsync(string name, params string[] groups) =>
        Add(name, groups[0], await Cluster.ControlPlane.UserKubeconfigAsync(name, groups));

    private Person Add(string name, string? group, string? kubeconfig)
    {
        var person = Person.Of(name, group, Cluster.ControlPlane, kubeconfig);
        _people.Add(person);
        return person;
    }

    private static string Rights => $$"""
        {{Bind("ask", "breakglass-requester", "payments-oncall", "sre")}}
        {{Bind("approve", "breakglass-approver", "commanders", "security")}}
        {{Bind("review", "breakglass-reviewer", "commanders", "security")}}
        {{Bind("stop", "breakglass-lockdown", "incident-leads")}}
        {{Bind("write", "breakglass-policy-author", "authors")}}
        {{Bind("tamper", "tamper", "tamperers")}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: tamper}
        rules:
        - apiGroups: [breakglass.dev]
          resources: ['*']
          verbs: [get, list, watch, update, patch, delete]
        - apiGroups: [""]
          resources: [namespaces]
          verbs: [get, patch]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: binds}
        rules:
        - apiGroups: [rbac.authorization.k8s.io]
          resources: [clusterroles]
          resourceNames: [view, edit]
          verbs: [bind]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: gus-binds}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: binds}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: gus}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: operator-binds-more}
        rules:
        - apiGroups: [rbac.authorization.k8s.io]
          resources: [clusterroles]
          resourceNames: [{{string.Join(", ", GrowingRoles)}}]
          verbs: [bind]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: operator-binds-more}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: operator-binds-more}
        subjects: [{kind: ServiceAccount, name: breakglass-operator, namespace: breakglass-system}]
        """;

    private static string Bind(string name, string role, params string[] groups) => $$"""
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: {{name}}}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{role}}}
        subjects: [{{string.Join(", ", groups.Select(g => $"{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: {g}}}"))}}]
        """;
}
