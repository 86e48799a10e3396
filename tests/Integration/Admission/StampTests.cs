using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using Xunit;

namespace Integration.Admission;

/// <summary>Whoever asks is who the API server says they are, whatever the manifest says.</summary>
[Collection(nameof(OneAdmissionCluster))]
public sealed class StampTests(AdmissionCluster admission) : IAsyncLifetime
{
    private const string Forged = "{username: mallory, uid: \"1\", groups: [commanders, system:masters], extra: {a: [b]}}";
    private readonly string _id = Guid.NewGuid().ToString("N")[..8];

    private string Policy => $"jit-{_id}";

    private string Grant => $"inc-{_id}";

    public Task InitializeAsync() => admission.Cluster.ApplyAsync(admission.Cluster.ControlPlane.AdminKubeconfig, Manifests.Policy(Policy));

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_forged_requester_is_replaced_by_the_caller_with_their_groups()
    {
        await AskAsync($"requester: {Forged}");
        var grant = (await admission.Cluster.GrantAsync(Grant))!;
        grant.Spec.Requester!.Username.Should().Be("alice");
        grant.Spec.Requester.Groups.Should().Equal("payments-oncall");
        grant.Spec.Requester.GroupsHash.Should().Be(CallerStamp.HashOf(["payments-oncall", "system:authenticated"]));
        grant.Spec.Requester.Extra?.Keys.Should().NotContain("a");
        grant.Spec.Requester.Uid.Should().NotBe("1");
        (await admission.SealOfAsync<BreakGlassGrant>(Grant)).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task Somebody_in_six_hundred_groups_with_an_assertion_of_their_session_asks_revokes_and_shuts()
    {
        var admin = await File.ReadAllTextAsync(admission.Cluster.ControlPlane.AdminKubeconfig);
        var kubeconfig = Path.Combine(admission.Cluster.ControlPlane.Directory, $"gail-{_id}.kubeconfig");
        var groups = string.Join(", ", Enumerable.Range(0, 602).Select(i => $"team-{i}").Append("payments-oncall").Append("system:masters"));
        await File.WriteAllTextAsync(kubeconfig, admin.Replace("  user:\n    client", $"  user:\n    as: gail\n    as-groups: [{groups}]\n    as-user-extra: "
            + $"{{iam.gke.io/user-assertion: [{new string('e', 1600)}]}}\n    client", StringComparison.Ordinal));
        await admission.Cluster.ApplyAsync(kubeconfig, Manifests.Grant(Grant, Policy));
        var requester = (await admission.Cluster.GrantAsync(Grant))!.Spec.Requester!;
        (requester.Username, string.Join(",", requester.Groups), requester.GroupCount >= 604, requester.Extra is null)
            .Should().Be(("gail", "payments-oncall", true, true));
        (await admission.Cluster.KubectlAsync(kubeconfig, "patch", "bgg", Grant, "--type=merge", "-p", """{"spec":{"revoke":{}}}""")).OrThrow();
        await admission.Cluster.ApplyAsync(kubeconfig, Manifests.Lockdown($"gail-{_id}"));
        (await admission.Cluster.KubectlAsync(kubeconfig, "delete", "bgl", $"gail-{_id}")).OrThrow();
    }

    [Fact]
    public async Task What_else_the_authenticator_says_is_stamped_where_the_policy_asks_about_it()
    {
        await admission.Cluster.ApplyAsync(
            admission.Cluster.ControlPlane.AdminKubeconfig, Manifests.Policy(Policy, more: "requireClaims: [{key: example.com/amr, values: [mfa]}]"));
        var admin = await File.ReadAllTextAsync(admission.Cluster.ControlPlane.AdminKubeconfig);
        var kubeconfig = Path.Combine(admission.Cluster.ControlPlane.Directory, $"erin-{_id}.kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, admin.Replace("  user:\n    client",
            "  user:\n    as: erin\n    as-groups: [system:masters]\n    as-user-extra: {example.com/amr: [mfa, hwk]}\n    client", StringComparison.Ordinal));
        await admission.Cluster.ApplyAsync(kubeconfig, Manifests.Grant(Grant, Policy));
        var requester = (await admission.Cluster.GrantAsync(Grant))!.Spec.Requester!;
        requester.Username.Should().Be("erin");
        requester.Extra!["example.com/amr"].Should().Equal("mfa", "hwk");
        (await admission.SealOfAsync<BreakGlassGrant>(Grant)).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_generated_name_is_sealed_with_the_rest()
    {
        var created = (await admission.Cluster.ControlPlane.KubectlAsync(
            admission.Cluster.Alice, ["create", "-f", "-", "-o", "name"], Manifests.Grant($"{{generateName: gen-{_id}-}}", Policy))).OrThrow().Trim();
        var name = created.Split('/')[1];
        name.Should().StartWith($"gen-{_id}-").And.HaveLength($"gen-{_id}-".Length + 5);
        (await admission.SealOfAsync<BreakGlassGrant>(name)).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task Revoking_is_stamped_once_and_the_seal_goes_with_it()
    {
        await AskAsync();
        var patch = "{\"spec\":{\"revoke\":{\"reason\":\"done\",\"by\":{\"username\":\"mallory\"}}}}";
        var stranger = await admission.Cluster.KubectlAsync(admission.Cluster.Bob, "patch", "bgg", Grant, "--type=merge", "-p", patch);
        stranger.Error.Should().Contain("requested by 'alice'").And.Contain("can end only their own grants");
        (await admission.AsAsync("carol", ["system:masters"], ["patch", "bgg", Grant, "--type=merge", "-p", patch])).OrThrow();
        var grant = (await admission.Cluster.GrantAsync(Grant))!;
        grant.Spec.Revoke!.By.Should().BeEquivalentTo(new { Username = "carol", Groups = Array.Empty<string>() });
        grant.Spec.Requester!.Username.Should().Be("alice");
        (await admission.SealOfAsync<BreakGlassGrant>(Grant)).Should().Be(SealState.Valid);

        var again = await admission.Cluster.KubectlAsync(
            admission.Cluster.Alice, "patch", "bgg", Grant, "--type=merge", "-p", "{\"spec\":{\"revoke\":{\"reason\":\"other\"}}}");
        again.Error.Should().Contain("spec.revoke");
        var back = await admission.Cluster.KubectlAsync(admission.Cluster.Alice, "patch", "bgg", Grant, "--type=merge", "-p", "{\"spec\":{\"revoke\":null}}");
        back.Error.Should().Contain("cannot be taken back");
    }

    [Fact]
    public async Task An_approver_is_stamped_with_the_grants_uid_and_a_decision_on_nothing_is_refused()
    {
        await AskAsync();
        (await admission.AsAsync("carol", ["commanders", "system:masters"], ["apply", "-f", "-"],
            Manifests.Approval($"go-{_id}", Grant, $"approver: {Forged}\n  grantUid: forged"))).OrThrow();
        var approval = await admission.Cluster.Admin.GetAsync<BreakGlassApproval>($"go-{_id}", null, CancellationToken.None);
        approval.Spec.Approver!.Username.Should().Be("carol");
        approval.Spec.Approver.Groups.Should().Equal("commanders");
        approval.Spec.GrantUid.Should().Be((await admission.Cluster.GrantAsync(Grant))!.Metadata.Uid);
        (await admission.SealOfAsync<BreakGlassApproval>($"go-{_id}")).Should().Be(SealState.Valid);

        var changed = await admission.Cluster.KubectlAsync(
            admission.Cluster.ControlPlane.AdminKubeconfig, "patch", "bga", $"go-{_id}", "--type=merge", "-p", "{\"spec\":{\"comment\":\"other\"}}");
        changed.Error.Should().Contain("an approval cannot be changed");
        var none = await admission.AsAsync("carol", ["commanders", "system:masters"], ["apply", "-f", "-"], Manifests.Approval($"none-{_id}", "nothing"));
        none.Error.Should().Contain("BreakGlassGrant 'nothing' does not exist");
    }

    [Fact]
    public async Task Nobody_approves_their_own_grant_and_nobody_outside_the_approvers_does()
    {
        await AskAsync();
        var own = await admission.AsAsync(
            "alice", ["payments-oncall", "commanders", "system:masters"], ["apply", "-f", "-"], Manifests.Approval($"own-{_id}", Grant));
        own.ExitCode.Should().NotBe(0, own.Output);
        own.Error.Should().Contain("validate.breakglass.dev");
        var outsider = await admission.AsAsync("dave", ["system:masters"], ["apply", "-f", "-"], Manifests.Approval($"out-{_id}", Grant));
        outsider.ExitCode.Should().NotBe(0, outsider.Output);
        outsider.Error.Should().Contain("commanders");
    }

    [Fact]
    public async Task Whoever_makes_a_lockdown_is_stamped_and_it_cannot_be_changed()
    {
        await admission.Cluster.ApplyAsync(admission.Cluster.ControlPlane.AdminKubeconfig, Manifests.Lockdown($"shut-{_id}", $"by: {Forged}"));
        var lockdown = await admission.Cluster.Admin.GetAsync<BreakGlassLockdown>($"shut-{_id}", null, CancellationToken.None);
        lockdown.Spec.By!.Username.Should().NotBe("mallory").And.NotBeEmpty();
        (await admission.SealOfAsync<BreakGlassLockdown>($"shut-{_id}")).Should().Be(SealState.Valid);
        var changed = await admission.Cluster.KubectlAsync(
            admission.Cluster.ControlPlane.AdminKubeconfig, "patch", "bgl", $"shut-{_id}", "--type=merge", "-p", "{\"spec\":{\"reason\":\"x\"}}");
        changed.Error.Should().Contain("a lockdown cannot be changed");
        await admission.Cluster.AdminAsync("delete", "bgl", $"shut-{_id}");
    }

    [Fact]
    public async Task A_dry_run_shows_the_stamp_stores_nothing_and_gives_no_seal_away()
    {
        var shown = (await admission.Cluster.ControlPlane.KubectlAsync(
            admission.Cluster.Alice, ["create", "--dry-run=server", "-o", "jsonpath={.spec.requester.username} {.metadata.annotations.breakglass\\.dev/seal}",
                "-f", "-"], Manifests.Grant(Grant, Policy))).OrThrow();
        shown.Should().Be("alice dry-run");
        (await admission.Cluster.GrantAsync(Grant)).Should().BeNull();
    }

    [Theory]
    [InlineData("duration: 2h", "duration")]
    [InlineData("access: [nothing]", "nothing")]
    [InlineData("namespaces: [kube-system]", "kube-system")]
    public async Task What_the_policy_does_not_give_is_refused_at_once(string more, string says)
    {
        var refused = await admission.Cluster.ControlPlane.KubectlAsync(admission.Cluster.Alice, ["create", "-f", "-"], Manifests.Grant(Grant, Policy, more));
        refused.ExitCode.Should().NotBe(0, refused.Output);
        refused.Error.Should().Contain("validate.breakglass.dev").And.Contain(says);
    }

    [Fact]
    public async Task Who_is_no_requester_is_told_who_is()
    {
        var refused = await admission.AsAsync("dave", ["system:masters"], ["create", "-f", "-"], Manifests.Grant(Grant, Policy));
        refused.Error.Should().Contain("'dave' is not among the requesters").And.Contain("payments-oncall");
    }

    private Task AskAsync(string more = "") => admission.Cluster.ApplyAsync(admission.Cluster.Alice, Manifests.Grant(Grant, Policy, more));
}
