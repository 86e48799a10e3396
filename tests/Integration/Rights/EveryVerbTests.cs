using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using BreakGlass.Core.Rules;
using FluentAssertions;
using Integration.Alone;
using k8s.Models;
using Kube.Client;
using TestKit;
using Xunit;

namespace Integration.Rights;

/// <summary>
/// Each verb of config/rbac is used: a life in which everything goes wrong once is led, and the API server's own audit log tells what the two
/// identities did. A verb that no life needs is a right too many, and one without which a life fails shows in the tests of lives.
/// </summary>
[Collection(nameof(OneCluster))]
public sealed class EveryVerbTests(OwnCluster own)
{
    private const string Operator = "system:serviceaccount:breakglass-system:breakglass-operator";
    private const string Reaper = "system:serviceaccount:breakglass-system:breakglass-reaper";

    /// <summary>What is given and never seen in the log on this server, and why it is there all the same.</summary>
    private static readonly Dictionary<string, string> Argued = new(StringComparer.Ordinal)
    {
        ["bind clusterroles.rbac.authorization.k8s.io"] = "is no request: the next test shows that no binding would be made without it",
        ["bind roles.rbac.authorization.k8s.io in breakglass-grants"] = "is no request: it saves the API server a comparison that takes longer than all else; "
            + "WithoutEscalateTests show the way without",
        ["escalate roles.rbac.authorization.k8s.io in breakglass-grants"] = "as above",
        ["patch breakglassapprovals.breakglass.dev"] = "is used where seal keys are rotated while decisions wait: RotationTests",
        ["patch breakglassreviews.breakglass.dev"] = "as above",
        ["patch breakglasslockdowns.breakglass.dev"] = "as above",
        ["update configmaps in breakglass-system"] = "as above",
        ["get breakglasssessions.breakglass.dev"] = "is used where the API server posts audit events: SessionTests",
        ["list breakglasssessions.breakglass.dev"] = "as above",
        ["watch breakglasssessions.breakglass.dev"] = "as above",
        ["create breakglasssessions.breakglass.dev"] = "as above",
        ["patch breakglasssessions.breakglass.dev"] = "as above",
        ["patch breakglasssessions/status.breakglass.dev"] = "as above",
        ["get breakglassdrills.breakglass.dev"] = "is used by runs of drills: DrillTests",
        ["update breakglassdrills/status.breakglass.dev"] = "as above",
        ["get breakglassauthorities.breakglass.dev"] = "is used where vouchers are redeemed: VoucherTests",
        ["patch breakglassauthorities.breakglass.dev"] = "is used where seal keys are rotated: RotationTests",
        ["update breakglassauthorities/status.breakglass.dev"] = "is used where vouchers are redeemed: VoucherTests",
        ["create serviceaccounts/token in breakglass-system"] = "as above: only those of the two identities of drills",
        [Release.Installed.Minor < 21 ? "create events.events.k8s.io in default" : "create events.events.k8s.io in kube-system"] =
            "servers differ in where they take events about cluster-scoped objects",
        [Release.Installed.Minor < 21 ? "patch events.events.k8s.io in default" : "patch events.events.k8s.io in kube-system"] = "as above",
    };

    /// <summary>Rights to kinds that only later servers have.</summary>
    private static readonly string[] NotThere =
    [
        .. Release.Installed.Minor >= 30 ? (string[])[] :
            ["get validatingadmissionpolicies.admissionregistration.k8s.io", "get validatingadmissionpolicybindings.admissionregistration.k8s.io"],
        .. Release.Installed.Minor >= 36 ? (string[])[] :
            ["list mutatingadmissionpolicies.admissionregistration.k8s.io", "list mutatingadmissionpolicybindings.admissionregistration.k8s.io"],
    ];

    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task Every_verb_of_the_operator_is_used_in_a_life_in_which_everything_goes_wrong_once()
    {
        // A certificate that somebody spoilt is written anew. The configurations are there for their CA alone: they lead to no Service here.
        await _cluster.AdminAsync("delete", "secret", "breakglass-webhook-tls", "-n", "breakglass-system", "--ignore-not-found");
        await _cluster.AdminAsync("create", "secret", "generic", "breakglass-webhook-tls", "-n", "breakglass-system");
        string[] configurations =
            [Path.Combine(TestCluster.Config("webhook"), "mutating.yaml"), Path.Combine(TestCluster.Config("webhook"), "validating.yaml")];
        await _cluster.AdminAsync("apply", "-f", configurations[0], "-f", configurations[1]);

        // Its binding is looked for only once the policy is found.
        string[] stamp = ["-f", Path.Combine(TestCluster.Config("components"), "stamp-policy", "policy.yaml")];
        if (Release.Installed.Minor >= 36) await _cluster.AdminAsync(["apply", .. stamp]);
        await using (var running = await RunningOperator.StartAsync(_cluster.OperatorKubeconfig, "--webhook=true", "--webhook-address=127.0.0.1:0"))
        {
            await Eventually.TrueAsync(running.LeadsAsync);
            foreach (var kind in (string[])["mutatingwebhookconfiguration", "validatingwebhookconfiguration"])
            {
                await Eventually.TrueAsync(async () =>
                    (await _cluster.AdminAsync("get", kind, "breakglass-operator", "-o", "jsonpath={.webhooks[0].clientConfig.caBundle}")).Length > 0);
            }

            await _cluster.AdminAsync("delete", "-f", configurations[0], "-f", configurations[1]);
            var incident = await Incident.BeginAsync(_cluster);
            var everywhere = await Incident.BeginAsync(_cluster, access: "{name: all, roleRef: {kind: ClusterRole, name: view}, clusterWide: true}");

            // The Role that its policy names was never made, which the API server is asked for once more before the request is denied.
            var forgotten = await Incident.BeginAsync(
                _cluster, "  retainFor: 1s", access: "{name: all, roleRef: {kind: Role, name: never-made}, namespaces: [default]}");
            await forgotten.AskAsync("2h");
            var restored = await Incident.BeginAsync(_cluster, withPolicy: false);
            await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Backup.Of(restored));
            var active = await incident.ActivateAsync();
            var wide = await everywhere.ActivateAsync();

            // Twice, so that the event of the first repair becomes a series.
            for (var times = 0; times < 2; times++)
            {
                foreach (var (kind, ns, name) in MadeFor(active).Concat(MadeFor(wide))) await StripAsync(kind, ns, name);
            }

            await DeletedAsync(forgotten.Grant);
            await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(restored.Grant)).Count == 0);
            await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, """
                apiVersion: breakglass.dev/v1alpha1
                kind: BreakGlassLockdown
                metadata: {name: of-nothing}
                spec: {reason: shows that its status is written, policySelector: {matchLabels: {such: policies-there-are-none}}}
                """);
            await Eventually.TrueAsync(async () => (await _cluster.AdminAsync("get", "bgl", "of-nothing", "-o", "jsonpath={.status.conditions[*].type}"))
                .Contains("Engaged", StringComparison.Ordinal));
            await _cluster.AdminAsync("delete", "bgl", "of-nothing");
            await incident.RevokeAsync();
            await incident.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
            await everywhere.RevokeAsync();
            await everywhere.OverAndProvenAsync(GrantPhase.Revoked, EndReason.RevokedByUser);
            (await running.StopAsync()).Should().Be(0);
        }

        if (Release.Installed.Minor >= 36) await _cluster.AdminAsync(["delete", .. stamp]);
        await EachIsUsedAsync("breakglass-operator", Operator);
    }

    [Fact]
    public async Task No_binding_could_be_made_without_bind_since_the_operator_holds_none_of_what_it_hands_out()
    {
        var rules = (await _cluster.Admin.GetAsync<V1ClusterRole>("breakglass-operator", null, CancellationToken.None)).RulesOrEmpty;
        var named = (await _cluster.Admin.GetAsync<V1ClusterRole>("breakglass-operator-bind", null, CancellationToken.None)).RulesOrEmpty
            .Should().ContainSingle().Subject.ResourceNames;
        foreach (var name in named)
        {
            var role = await _cluster.Admin.GetAsync<V1ClusterRole>(name, null, CancellationToken.None);
            RbacCoverage.Covers(rules, role.RulesOrEmpty).Should().BeFalse($"the operator may bind {name} and need not hold it");
        }
    }

    [Fact]
    public async Task Every_verb_of_the_reaper_is_used()
    {
        const string Marks = """
            labels: {app.kubernetes.io/managed-by: breakglass-operator, breakglass.dev/grant: old}, annotations: {breakglass.dev/expires-at: "2020-01-01T00:00:00Z", breakglass.dev/grant-uid: of-old}, finalizers: [example.com/keep-me]
            """;
        const string View = "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}";
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: breakglass-old-0123456789, {{Marks}} }
            subjects: [{kind: ServiceAccount, namespace: breakglass-grants, name: old-0123456789}]
            {{View}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata: {name: breakglass-old-0123456789, namespace: default, {{Marks}} }
            subjects: [{kind: ServiceAccount, namespace: breakglass-grants, name: old-0123456789}]
            {{View}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata: {name: old-0123456789-reader, namespace: breakglass-grants, {{Marks}} }
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: old-0123456789, namespace: breakglass-grants, {{Marks}} }
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: old-0123456789, namespace: breakglass-grants, {{Marks}} }
            """);

        var forgotten = await _cluster.Admin.CreateAsync(
            new BreakGlassGrant { Metadata = new() { Name = "forgotten" }, Spec = new() { Policy = "gone", Justification = "its operator died" } },
            CancellationToken.None);
        await _cluster.Admin.ReplaceStatusAsync(forgotten with
        {
            Status = new()
            {
                Phase = GrantPhase.Active,
                ActivatedAt = forgotten.Metadata.CreatedAt,
                ExpiresAt = forgotten.Metadata.CreatedAt,
                Bindings =
                [
                    new() { Kind = V1ClusterRoleBinding.KubeKind, Name = "stripped", Role = "ClusterRole/view" },
                    new() { Kind = V1RoleBinding.KubeKind, Namespace = "default", Name = "stripped", Role = "ClusterRole/view" },
                ],
            },
        }, CancellationToken.None);

        (await RunningOperator.ReapAsync(_cluster.ReaperKubeconfig)).ExitCode.Should().Be(0);

        await _cluster.Admin.DeleteAsync<BreakGlassGrant>("forgotten", null, new(), CancellationToken.None);
        (await _cluster.MadeForAsync("old")).Should().BeEmpty();
        await EachIsUsedAsync("breakglass-reaper", Reaper);
    }

    private async Task EachIsUsedAsync(string serviceAccount, string user)
    {
        var given = await Permission.OfAsync(_cluster.Admin, serviceAccount);
        given.Should().NotBeEmpty();
        IReadOnlyList<string> unused = [];

        // The server writes to its log after it has answered.
        await Eventually.TrueAsync(async () =>
        {
            var used = await Permission.UsedAsync(_cluster.ControlPlane.AuditLog, user);
            unused = [.. given.Where(p => !used.Any(p.IsUsedBy)).Select(p => p.ToString()).Except(Argued.Keys).Except(NotThere)];
            return unused.Count == 0;
        }, () => string.Join('\n', unused), expected: "a use of each right in the log: one that is not used is taken away, or argued for here");
    }

    private static IEnumerable<(string Kind, string? Namespace, string Name)> MadeFor(BreakGlassGrant grant) =>
    [
        .. grant.Status.Bindings.Select(b => (b.Kind, b.Namespace, b.Name)),
        ("ServiceAccount", "breakglass-grants", GrantNames.Identity(grant)),
        ("Secret", "breakglass-grants", GrantNames.Identity(grant)),
        ("Role", "breakglass-grants", GrantNames.Reader(grant)),
        ("RoleBinding", "breakglass-grants", GrantNames.Reader(grant)),
    ];

    /// <summary>Takes the labels off an object and waits until they are back: it had to be looked for by name, and put right.</summary>
    private async Task StripAsync(string kind, string? ns, string name)
    {
        string[] place = ns is null ? [kind, name] : [kind, name, "-n", ns];
        await _cluster.AdminAsync(["patch", .. place, "--type=json", "-p", """[{"op":"remove","path":"/metadata/labels"}]"""]);
        await Eventually.TrueAsync(async () => (await _cluster.AdminAsync(["get", .. place, "-o", "jsonpath={.metadata.labels}"]))
            .Contains("breakglass.dev/grant", StringComparison.Ordinal));
    }

    private Task DeletedAsync(string grant) =>
        Eventually.TrueAsync(async () => await _cluster.GrantAsync(grant) is null, expected: "a record whose retainFor is over to be deleted");
}
