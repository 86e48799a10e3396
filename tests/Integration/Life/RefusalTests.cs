using BreakGlass.Core.Api;
using BreakGlass.Core.Model;
using FluentAssertions;
using Kube.Client;
using Xunit;

namespace Integration.Life;

/// <summary>What is not given, and what the person reads instead. Nothing is half-made.</summary>
public sealed class RefusalTests(SharedOperator shared) : IClassFixture<SharedOperator>
{
    private readonly TestCluster _cluster = shared.Cluster;

    [Fact]
    public async Task A_role_that_is_not_on_the_operators_allow_list_is_refused_by_the_API_server_itself()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await incident.ApplyPolicyAsync(
            access: $"{{name: payments, roleRef: {{kind: ClusterRole, name: cluster-admin}}, namespaces: [{incident.Namespace}]}}");

        var ready = await PolicyAsync(incident, "RoleNotBindable");
        ready.Message.Should().Contain("ClusterRole/cluster-admin").And.Contain("breakglass-operator-bind");
        await incident.AskAsync();
        var failed = await Eventually.GetAsync(
            async () => await incident.ReadAsync() is { Status.Phase: GrantPhase.Failed or GrantPhase.Denied } over ? over : null,
            expected: "a grant that failed or was denied");

        failed.Status.Conditions.Select(c => c.Message)
            .Should().Contain(m => m.Contains("allow-list", StringComparison.Ordinal), "{0}", Incident.Show(failed));
        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Count == 0);
        await Eventually.TrueAsync(async () => (await incident.ReadAsync()).FinalizersOrEmpty.Count == 0);
    }

    [Fact]
    public async Task A_role_that_does_not_exist_is_named()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await incident.ApplyPolicyAsync(access: $"{{name: payments, roleRef: {{kind: ClusterRole, name: no-such-role}}, namespaces: [{incident.Namespace}]}}");

        (await PolicyAsync(incident, "RoleNotFound")).Message.Should().Contain("no-such-role");
        await incident.AskAsync();

        await DeniedAsync(incident, "RoleNotFound", "no-such-role");
    }

    [Theory]
    [InlineData("2h", "", "DurationTooLong", "1h")]
    [InlineData("5m", "  access: [everything]", "AccessUnknown", "payments")]
    [InlineData("5m", "  namespaces: [kube-system]", "NamespaceNotReached", "kube-system")]
    [InlineData("5m", "  recipientKey: {kty: EC, crv: P-256, x: AAAA, \"y\": AAAA}", "RecipientKeyInvalid", "recipientKey")]
    public async Task A_wrong_grant_is_denied_with_a_sentence_that_names_field_and_fix(string duration, string spec, string reason, string says)
    {
        var incident = await Incident.BeginAsync(_cluster);

        await incident.AskAsync(duration, spec);

        await DeniedAsync(incident, reason, says);
    }

    [Fact]
    public async Task A_key_whose_y_YAML_took_for_a_boolean_gets_the_hint_where_nothing_before_us_objects()
    {
        var incident = await Incident.BeginAsync(_cluster);

        await incident.AskAsync(spec: "  recipientKey: {kty: EC, crv: P-256, x: L_FsIUWOH7PUJR7dCSJHWiU2jfTEhd_nlF7tZUXMVZQ, y: AAAA}", validate: false);

        await DeniedAsync(incident, "RecipientKeyInvalid", "in quotes");
    }

    [Fact]
    public async Task A_grant_for_a_policy_that_is_not_there_is_denied()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await incident.PolicySeenAsync();
        await _cluster.AdminAsync("delete", "bgp", incident.Policy, Eventually.KubectlTimeout);
        await Eventually.TrueAsync(
            async () => !(await shared.Operator.MetricsAsync()).ContainsKey($$"""breakglass_operator_reviews_pending{policy="{{incident.Policy}}"}"""),
            expected: "an operator that has seen that the policy is gone");

        await incident.AskAsync();

        await DeniedAsync(incident, "PolicyNotFound", incident.Policy);
    }

    [Fact]
    public async Task A_requester_whom_the_policy_does_not_name_is_denied()
    {
        var incident = await Incident.BeginAsync(_cluster);
        await _cluster.AdminAsync("patch", "bgp", incident.Policy, "--type=merge", "-p", """{"spec":{"requesters":[{"kind":"User","name":"carol"}]}}""");
        await incident.PolicySeenAsync();

        await incident.AskAsync();

        await DeniedAsync(incident, "RequesterNotAllowed", "carol");
    }

    [Fact]
    public async Task A_selector_that_matches_nothing_is_denied()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await incident.ApplyPolicyAsync(
            access: $"{{name: payments, roleRef: {{kind: ClusterRole, name: edit}}, namespaceSelector: {{matchLabels: {{{incident.Label}: shop}}}}}}");

        await incident.AskAsync();

        await DeniedAsync(incident, "NothingSelected", "selectors");
    }

    [Fact]
    public async Task The_operators_own_namespaces_are_out_of_reach_of_every_policy()
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await incident.ApplyPolicyAsync(
            access: "{name: payments, roleRef: {kind: ClusterRole, name: view}, namespaces: [breakglass-grants, breakglass-system]}");

        await incident.AskAsync();

        var denied = await incident.WaitForPhaseAsync(GrantPhase.Denied);
        denied.Status.ExpiresAt.Should().BeNull("nothing was opened: {0}", Incident.Show(denied));
        await incident.NothingLeftAsync();
    }

    [Fact]
    public async Task A_binding_from_a_backup_whose_grant_is_gone_is_removed_while_the_operator_runs()
    {
        var incident = await Incident.BeginAsync(_cluster);

        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, Backup.Of(incident));

        await Eventually.TrueAsync(async () => (await _cluster.MadeForAsync(incident.Grant)).Count == 0);
        await incident.RefusedAsync(_cluster.Mallory);
    }

    private Task<Condition> PolicyAsync(Incident incident, string reason) => Eventually
        .GetAsync(async () => Conditions.Find(
            (await _cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None)).Status.Conditions, "Ready")
            is { Status: "False" } ready && ready.Reason == reason ? ready : null,
        expected: $"Ready=False {reason} on the policy");

    private async Task DeniedAsync(Incident incident, string reason, string says)
    {
        var denied = await incident.WaitForPhaseAsync(GrantPhase.Denied);
        var authorized = Conditions.Find(denied.Status.Conditions, "Authorized")!;
        (authorized.Status, authorized.Reason).Should().Be(("False", reason));
        authorized.Message.Should().Contain(says);
        denied.FinalizersOrEmpty.Should().BeEmpty();
        await incident.NothingLeftAsync();
        await Eventually.TrueAsync(
            async () => (await _cluster.EventsAsync("BreakGlassGrant", incident.Grant)).Any(e => e is { Type: "Warning", Reason: "GrantDenied" }));
    }
}
