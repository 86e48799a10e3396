using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Core.Journal;
using BreakGlass.Core.Model;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace Integration.Drills;

/// <summary>Drills on a real API server, through the operator's webhooks.</summary>
public sealed class DrillTests(DrillCluster own) : IClassFixture<DrillCluster>
{
    private const string Requester = "system:serviceaccount:breakglass-system:breakglass-drill";

    private readonly TestCluster _cluster = own.Cluster;

    [Fact]
    public async Task A_drill_passes_with_every_phase_and_leaves_nothing()
    {
        var incident = await Incident.BeginAsync(_cluster, "  drills: Allowed\n  limits: {maxActive: 1}\n  justification: {ticketPattern: '^INC-[0-9]+$'}");
        var run = await RunAsync(incident.Policy, incident.Policy);
        run.Failures.Should().BeEmpty();
        run.Result.Should().Be(DrillResult.Passed);
        run.Trigger.Should().Be(DrillTrigger.Manual);
        run.Phases.Where(p => p.Result is DrillResult.Passed).Select(p => p.Name).Should()
            .Equal("Request", "Access", "Use", "Revocation", "Denial", "Proof", "Journal", "Events", "Metrics", "Notifications");
        run.Phases.Where(p => p.Result is DrillResult.Skipped).Select(p => p.Name).Should().Equal("Approval", "Audit");
        new[] { run.TimeToAccess, run.TimeToDenial, run.ProofOfEnd }.Should().NotContainNulls();

        var grant = await _cluster.GrantAsync(run.Grant!);
        grant!.Spec.Requester!.Username.Should().Be(Requester);
        grant.Status.EndReason.Should().Be(EndReason.RevokedByUser);
        Conditions.Find(grant.Status.Conditions, "Reviewed").Should().BeNull("nobody reviews a drill");
        await _cluster.ReleasedAsync(run.Grant!);
        (await _cluster.MadeForAsync(run.Grant!)).Should().BeEmpty();

        var policy = await _cluster.Admin.GetAsync<BreakGlassPolicy>(incident.Policy, null, CancellationToken.None);
        policy.Status.Holders.Should().BeEmpty("a drill takes no place");
        policy.Status.LastActivatedAt.Should().BeNull();
        var drill = await _cluster.Admin.GetAsync<BreakGlassDrill>(incident.Policy, null, CancellationToken.None);
        Conditions.IsTrue(drill.Status.Conditions, "Passing").Should().BeTrue();
        drill.Status.NextRunAt.Should().NotBeNull();

        (await _cluster.AdminAsync("get", "bgg", run.Grant!, "-o", "wide")).Should().Contain("DRILL").And.Contain($" {incident.Policy} ");
        own.ForDrills.Bodies.Should().Contain(
            b => b.Contains("\"type\":\"GrantActivated\"") && b.Contains($"\"drill\":\"{incident.Policy}\"") && b.Contains(run.Grant!));
        own.ForPeople.Bodies.Should().NotContain(b => b.Contains(run.Grant!));
        run.Phases.Single(p => p.Name == "Notifications").Message.Should().Contain("drills, ends");
        own.ForDrills.Bodies.Should().Contain(b => b.Contains("\"type\":\"GrantRevoked\"") && b.Contains(run.Grant!));
        await EventAsync(incident.Policy, "Normal", "DrillPassed");
        var entry = await EntryAsync(incident.Policy);
        (entry.Type, entry.Data.Policy).Should().Be((EntryTypes.DrillPassed, incident.Policy));
        entry.Data.Comment.Should().Be($"grant {run.Grant} access {run.TimeToAccess} denial {run.TimeToDenial} proof {run.ProofOfEnd}");
        var metrics = await own.Operator.MetricsAsync();
        metrics[$"breakglass_operator_activations_total{{mode=\"Drill\",policy=\"{incident.Policy}\"}}"].Should().Be(1);
        metrics[$"breakglass_operator_activations_total{{mode=\"BreakGlass\",policy=\"{incident.Policy}\"}}"].Should().Be(0);
        metrics.Should().NotContainKey($"breakglass_operator_last_activation_timestamp_seconds{{policy=\"{incident.Policy}\"}}");
        metrics[$"breakglass_operator_drill_passing{{drill=\"{incident.Policy}\"}}"].Should().Be(1);
        metrics["breakglass_operator_drill_time_to_access_seconds_count"].Should().BePositive();
        metrics["breakglass_operator_drill_time_to_denial_seconds_count"].Should().BePositive();
        metrics[$"breakglass_operator_drill_last_success_timestamp_seconds{{drill=\"{incident.Policy}\"}}"].Should().BeGreaterThan(1_700_000_000);
    }

    [Fact]
    public async Task A_drill_can_let_its_grant_expire_and_checks_that_as_it_checks_a_revocation()
    {
        var incident = await Incident.BeginAsync(_cluster, "  drills: Allowed");
        var run = await RunAsync(incident.Policy, incident.Policy, "end: Expire, duration: 30s");
        run.Failures.Should().BeEmpty();
        run.End.Should().Be(DrillEnd.Expire);
        run.Phases.Where(p => p.Result is DrillResult.Passed).Select(p => p.Name).Should()
            .Equal("Request", "Access", "Use", "Expiry", "Denial", "Proof", "Journal", "Events", "Metrics", "Notifications");
        run.Phases.Where(p => p.Result is DrillResult.Skipped).Select(p => p.Name).Should().Equal("Approval", "Audit");
        run.Phases.Single(p => p.Name == "Events").Message.Should().Contain("GrantExpired");
        run.Phases.Single(p => p.Name == "Notifications").Message.Should().Contain("drills").And.NotContain("ends", "that receiver gets GrantRevoked alone");

        var grant = await _cluster.GrantAsync(run.Grant!);
        grant!.Status.EndReason.Should().Be(EndReason.Expired);
        grant.Spec.Revoke.Should().BeNull("the drill writes no revocation");
        run.Phases.Single(p => p.Name == "Denial").StartedAt.Should().BeAfter(
            grant.Status.ExpiresAt!.Value.AddSeconds(-1), "the run waits until the grant expires");
        new[] { run.TimeToAccess, run.TimeToDenial, run.ProofOfEnd }.Should().NotContainNulls();
        await _cluster.ReleasedAsync(run.Grant!);
        (await _cluster.MadeForAsync(run.Grant!)).Should().BeEmpty();
        var entry = await EntryAsync(incident.Policy);
        entry.Type.Should().Be(EntryTypes.DrillPassed);
        entry.Data.Comment.Should().StartWith($"grant {run.Grant} end Expire access ");
        (await _cluster.AdminAsync("get", "bgg", run.Grant!)).Should().Contain("Expired");
    }

    [Fact]
    public async Task A_drill_of_a_policy_that_does_not_allow_drills_fails_with_what_to_do()
    {
        var incident = await Incident.BeginAsync(_cluster);
        var run = await RunAsync(incident.Policy, incident.Policy);
        run.Result.Should().Be(DrillResult.Failed);
        run.Reason.Should().Be("RequestRefused");
        run.Failures.Should().ContainSingle().Which.Should().Contain("does not allow drills; set its spec.drills to Allowed");
        (await _cluster.GrantAsync(run.Grant!)).Should().BeNull();
        await EventAsync(incident.Policy, "Warning", "DrillFailed");
        var entry = await EntryAsync(incident.Policy);
        (entry.Type, entry.Data.Policy, entry.Data.Reason).Should().Be((EntryTypes.DrillFailed, incident.Policy, "RequestRefused"));
        entry.Data.Comment.Should().Contain("does not allow drills");
        var metrics = await own.Operator.MetricsAsync();
        metrics[$"breakglass_operator_drill_failures_total{{drill=\"{incident.Policy}\",reason=\"RequestRefused\"}}"].Should().Be(1);
    }

    [Fact]
    public async Task A_silent_drill_of_a_policy_with_approval_is_approved_by_the_drill_approver()
    {
        var incident = await ApprovedAsync("required: 2");
        var run = await RunAsync(incident.Policy, incident.Policy);
        run.Failures.Should().BeEmpty();
        run.Phases.Single(p => p.Name == "Approval").Should().Match<DrillPhase>(
            p => p.Result == DrillResult.Passed && p.Message!.Contains("breakglass-drill-approver"));
        own.ForApprovers.Bodies.Should().NotContain(b => b.Contains(run.Grant!), "no person is to approve it");
    }

    [Fact]
    public async Task An_announced_drill_to_which_no_approver_comes_fails_and_says_so()
    {
        var incident = await ApprovedAsync("required: 1, timeout: 3s");
        var run = await RunAsync(incident.Policy, incident.Policy, "mode: Announced");
        run.Result.Should().Be(DrillResult.Failed);
        run.Reason.Should().Be("NotApproved");
        run.Phases.Where(p => p.Result is DrillResult.Failed).Select(p => p.Name).Should().Equal("Approval");
        (await _cluster.GrantAsync(run.Grant!))!.Status.EndReason.Should().Be(EndReason.ApprovalTimeout);
    }

    [Fact]
    public async Task An_announced_drill_passes_when_an_approver_comes()
    {
        var incident = await ApprovedAsync("required: 1");
        var running = RunAsync(incident.Policy, incident.Policy, "mode: Announced");
        var waiting = await Eventually.GetAsync(
            async () => (await _cluster.Admin.ListAsync<BreakGlassGrant>(new() { LabelSelector = $"breakglass.dev/drill={incident.Policy}" }, default)).Items
                .FirstOrDefault(g => g.Status.Phase is GrantPhase.AwaitingApproval), expected: "a grant that waits for approval");
        await Eventually.TrueAsync(() => Task.FromResult(own.ForApprovers.Bodies.Any(
            b => b.Contains("\"type\":\"GrantRequested\"") && b.Contains(waiting.Metadata.Name) && b.Contains($"Drill {incident.Policy}: "))),
            () => own.Operator.Log, expected: "the approvers' notification");
        await _cluster.ApplyAsync(own.Carol, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassApproval
            metadata: {name: {{waiting.Metadata.Name}}}
            spec: {grant: {{waiting.Metadata.Name}}, decision: Approve, comment: go}
            """);
        var run = await running;
        run.Failures.Should().BeEmpty();
        run.Phases.Single(p => p.Name == "Approval").Message.Should().Contain("carol");
    }

    [Fact]
    public async Task A_drill_of_a_policy_with_the_gateway_uses_the_access_through_it()
    {
        var incident = await Incident.BeginAsync(_cluster, "  drills: Allowed\n  session: {path: Gateway}");
        var run = await RunAsync(incident.Policy, incident.Policy);
        run.Failures.Should().BeEmpty();
        run.Phases.Where(p => p.Name is "Use" or "Denial").Select(p => p.Message).Should().OnlyContain(m => m!.Contains("through the gateway"));
        run.Phases.Single(p => p.Name == "Audit").Should().Match<DrillPhase>(p => p.Result == DrillResult.Passed && p.Message!.Contains("request(s)"));
        (await _cluster.GrantAsync(run.Grant!))!.Status.Path.Should().Be(SessionPath.Gateway);
    }

    [Fact]
    public async Task A_drill_by_voucher_redeems_one_of_its_set_in_each_run_and_asks_nobody_to_rotate()
    {
        using var desk = new OfflineDesk();
        var incident = await Incident.BeginAsync(_cluster, $$"""
              drills: Allowed
              vouchers: {authority: auth-drill, maxDuration: 20m, holders: [{kind: User, name: "{{Requester}}"}]}
            """);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassAuthority
            metadata: {name: auth-drill}
            spec:
              keys: [{kid: first, kty: EC, crv: P-256, x: "{{desk.First.PublicKey.X}}", "y": "{{desk.First.PublicKey.Y}}"}]
              couriers: [{kind: ServiceAccount, name: breakglass-drill, namespace: breakglass-system}]
            """);
        var cluster = (await _cluster.Admin.GetAsync<V1Namespace>("kube-system", null, CancellationToken.None)).Metadata.Uid!;
        var now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
        byte[] Issue(string id) => Encoding.ASCII.GetBytes(desk.Issue(v => v with
        {
            Id = id, Person = Requester, Cluster = cluster, Authority = "auth-drill", Policy = incident.Policy, IssuedAt = now, NotBefore = now,
            Expires = now.AddDays(1),
        }));
        await _cluster.Admin.CreateAsync(new V1Secret
        {
            Metadata = new() { Name = "breakglass-drill-vouchers", NamespaceProperty = "breakglass-system" },
            Data = new Dictionary<string, byte[]>
            {
                ["01.voucher"] = Issue("v-1"), ["02.voucher"] = Issue("v-2"), ["holder.key"] = Encoding.ASCII.GetBytes(desk.Holder.ExportPkcs8PrivateKeyPem()),
            },
        }, CancellationToken.None);

        foreach (var (request, left) in new[] { ("v-1", 1), ("v-2", 0) })
        {
            var run = await RunAsync(incident.Policy, incident.Policy, "voucher: {}", request);
            run.Failures.Should().BeEmpty();
            (run.Voucher, run.VouchersLeft).Should().Be((request, left));
            var grant = await _cluster.GrantAsync(run.Grant!);
            var requester = grant!.Spec.Requester!;
            (requester.Username, requester.PresentedBy).Should().Be((Requester, Requester));
            requester.Extra![BreakGlassApi.VoucherExtra].Should().Equal(request);
            Conditions.Find(grant.Status.Conditions, "Reviewed").Should().BeNull();
        }

        var last = await RunAsync(incident.Policy, incident.Policy, "voucher: {}", "v-3");
        last.Reason.Should().Be("NoVoucher");
        (await _cluster.GrantAsync(last.Grant!)).Should().BeNull();
        (await _cluster.AdminAsync("get", "bgd", incident.Policy, "-o", "wide")).Should().MatchRegex("VOUCHERS(?s:.*) 0 ");
        var authority = await _cluster.Admin.GetAsync<BreakGlassAuthority>("auth-drill", null, CancellationToken.None);
        authority.Status.Used.Select(u => (u.Id, u.Drill)).Should().BeEquivalentTo([("v-1", incident.Policy), ("v-2", incident.Policy)]);
        Conditions.IsTrue(authority.Status.Conditions, "RotationDue").Should().BeFalse();
        (await own.Operator.MetricsAsync())["breakglass_operator_vouchers_used_total{authority=\"auth-drill\"}"].Should().Be(0);
    }

    [Fact]
    public async Task Nobody_else_can_set_the_mark_of_a_drill_or_take_it_off()
    {
        var incident = await Incident.BeginAsync(_cluster, "  drills: Allowed");
        var marked = await _cluster.ControlPlane.KubectlAsync(_cluster.Alice, ["apply", "-f", "-"], $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassGrant
            metadata: {name: {{incident.Grant}}, labels: {breakglass.dev/drill: weekly} }
            spec: {policy: {{incident.Policy}}, justification: checkout returns 5xx since the deploy}
            """);
        marked.ExitCode.Should().NotBe(0);
        marked.Error.Should().Contain("is not the operator's drill identity");

        await incident.ActivateAsync();
        foreach (var who in new[] { _cluster.Alice, _cluster.ControlPlane.AdminKubeconfig })
        {
            var late = await _cluster.KubectlAsync(who, "label", $"bgg/{incident.Grant}", "breakglass.dev/drill=weekly");
            late.ExitCode.Should().NotBe(0);
            late.Error.Should().Contain("cannot be added, changed or removed later");
        }

        await incident.RevokeAsync();
        var run = await RunAsync(incident.Policy, incident.Policy);
        var removed = await _cluster.KubectlAsync(_cluster.ControlPlane.AdminKubeconfig, "label", $"bgg/{run.Grant}", "breakglass.dev/drill-");
        removed.Error.Should().Contain("cannot be added, changed or removed later");
    }

    private Task<JournalEntry> EntryAsync(string drill) => Eventually.GetAsync(
        () => Task.FromResult(own.Entries(drill) is [.., var last] ? last : null), () => own.Operator.Log,
        expected: $"an entry of drill {drill} in the journal");

    private Task EventAsync(string drill, string type, string reason) => Eventually.TrueAsync(
        async () => (await _cluster.EventsAsync("BreakGlassDrill", drill)).Any(e => (e.Type, e.Reason) == (type, reason)));

    /// <summary>A policy of mode JustInTime that allows drills.</summary>
    private async Task<Incident> ApprovedAsync(string approval)
    {
        var incident = await Incident.BeginAsync(_cluster, withPolicy: false);
        await _cluster.ApplyAsync(_cluster.ControlPlane.AdminKubeconfig, $$"""
            apiVersion: breakglass.dev/v1alpha1
            kind: BreakGlassPolicy
            metadata: {name: {{incident.Policy}}}
            spec:
              mode: JustInTime
              requesters: [{kind: Group, name: payments-oncall}]
              access: [{name: payments, roleRef: {kind: ClusterRole, name: edit}, namespaces: [{{incident.Namespace}}]}]
              approval: {approvers: [{kind: Group, name: commanders}], {{approval}} }
              drills: Allowed
            """);
        return incident;
    }

    private Task<DrillRun> RunAsync(string name, string policy, string more = "suspended: false", string request = "first") =>
        DrillRuns.RunAsync(_cluster, own.Operator, name, policy, more, request);
}
