using BreakGlass.Core.Api;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>What admission keeps of records, what it warns of, and that it turns nobody away by what it has not seen yet.</summary>
public sealed class RecordAndWarningTests : IAsyncLifetime
{
    private static readonly V1UserInfo Alice = WebhookHarness.User("alice", "payments-oncall");
    private static readonly V1UserInfo Author = WebhookHarness.User("author");

    private WebhookHarness _webhooks = null!;

    public async Task InitializeAsync()
    {
        _webhooks = await WebhookHarness.OpenAsync();
        _webhooks.LetBind("author");
        (await _webhooks.CreateAsync(A.Policy(), Author)).Message.Should().BeNull();
    }

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Deleting_what_gives_access_is_let_through_with_a_warning_of_what_goes_with_it()
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        (await _webhooks.WriteAsync(null, _webhooks.Stored<BreakGlassGrant>("inc-4711"), Alice)).Warnings.Should().BeEmpty("it gives nothing yet");
        var active = _webhooks.Stored<BreakGlassGrant>("inc-4711") with { Status = new() { Phase = GrantPhase.Active, ExpiresAt = A.Start.AddMinutes(30) } };
        var answer = await _webhooks.WriteAsync(null, active, WebhookHarness.User("admin", "system:masters"));
        answer.Allowed.Should().BeTrue("deleting a grant is a way to end it");
        answer.Warnings.Should().ContainSingle().Which.Should().Contain("kubectl breakglass revoke inc-4711");
    }

    [Fact]
    public async Task A_decision_is_owned_by_its_grant_so_that_it_goes_with_the_record()
    {
        await _webhooks.CreateAsync(
            A.Policy(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }, "jit"), Author);
        await _webhooks.CreateAsync(A.Grant(s => s with { Policy = "jit" }), Alice);
        var grant = _webhooks.Stored<BreakGlassGrant>("inc-4711");
        var approval = new BreakGlassApproval { Metadata = new()
        {
            Name = "yes", OwnerReferences = [new() { ApiVersion = "v1", Kind = "Namespace", Name = "payments", Uid = "other" }],
        }, Spec = new() { Grant = "inc-4711", Decision = "Approve" } };
        (await _webhooks.CreateAsync(approval, WebhookHarness.User("carol", "approvers"))).Message.Should().BeNull();
        _webhooks.Stored<BreakGlassApproval>("yes").OwnersOrEmpty.Select(r => r.Uid).Should().Equal("other", grant.Metadata.Uid);
        (await _webhooks.CreateAsync(approval with { Metadata = new() { Name = "plain" } }, WebhookHarness.User("dora", "approvers"))).Message
            .Should().BeNull();
        _webhooks.Stored<BreakGlassApproval>("plain").OwnersOrEmpty
            .Should().Equal(new V1OwnerReference { ApiVersion = grant.ApiVersion, Kind = grant.Kind, Name = "inc-4711", Uid = grant.Metadata.Uid! });
    }

    /// <summary>
    /// The cluster's garbage collector deletes what its owner is gone of: whoever may ask could have their record deleted, having no right to delete it.
    /// </summary>
    [Fact]
    public async Task A_grant_has_no_owner_with_which_its_record_would_go()
    {
        V1OwnerReference[] gone = [new() { ApiVersion = "v1", Kind = "Namespace", Name = "nowhere", Uid = "gone" }];
        var owned = A.Grant() with { Metadata = new() { Name = "inc-4711", OwnerReferences = gone } };
        var refused = await _webhooks.CreateAsync(owned, Alice);
        (refused.Code, refused.Message).Should().Be(
            (422, "metadata.ownerReferences: a grant cannot have an owner, because the garbage collector would delete its record with the owner; remove it."));

        await _webhooks.CreateAsync(A.Grant(), Alice);
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Metadata = g.Metadata with { OwnerReferences = gone } }, Alice)).Message
            .Should().StartWith("metadata.ownerReferences");
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Metadata = g.Metadata with { OwnerReferences = gone } }
            with { Spec = g.Spec with { Revoke = new() } }, Alice)).Allowed.Should().BeFalse();
    }

    [Fact]
    public async Task An_owner_that_a_grant_has_from_before_keeps_nobody_from_ending_it()
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        _webhooks.Server.Modify<BreakGlassGrant>("inc-4711", null,
            g => g with { Metadata = g.Metadata with { OwnerReferences = [new() { ApiVersion = "v1", Kind = "Namespace", Name = "payments", Uid = "7" }] } });
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Spec = g.Spec with { Revoke = new() } }, Alice)).Message.Should().BeNull();
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Metadata = g.Metadata with { OwnerReferences = [] } }, Alice)).Message
            .Should().BeNull();
    }

    /// <summary>The mark ends what it is put on, in nobody's name: whoever ends a grant sets spec.revoke, which is stamped.</summary>
    [Theory]
    [InlineData(GrantPhase.Active, false)]
    [InlineData(GrantPhase.AwaitingApproval, false)]
    [InlineData(GrantPhase.Expired, true)]
    public async Task Only_a_grant_that_is_over_can_be_marked_as_ended(GrantPhase phase, bool marked)
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        _webhooks.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Status = new() { Phase = phase } });
        var mark = new Dictionary<string, string> { [BreakGlassApi.EndedAnnotation] = "x", ["note"] = "hello" };
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Metadata = g.Metadata with { Annotations = new Dictionary<string, string>(
            g.AnnotationsOrEmpty.Concat(mark)) } }, WebhookHarness.User("mallory"))).Message.Should().BeNull();
        var stored = _webhooks.Stored<BreakGlassGrant>("inc-4711").AnnotationsOrEmpty;
        (stored.ContainsKey("note"), stored.ContainsKey(BreakGlassApi.EndedAnnotation)).Should().Be((true, marked));
    }

    [Fact]
    public async Task A_policy_that_does_not_do_what_its_author_may_think_is_taken_with_a_warning()
    {
        var plain = await _webhooks.CreateAsync(A.Policy(s => s with { Limits = new() { MaxActive = 3 } }, "plain"), Author);
        plain.Warnings.Should().BeEmpty();
        _webhooks.Server.Put(A.ClusterRole("edit", A.Rule("", "secrets", "get")));
        var policy = A.Policy(
            s => s with { Limits = new() { MaxActive = 3 }, Access = [A.ClusterWideEntry("all", "edit")], AllowPersistence = ["impersonate"] }, "risky");
        var taken = await _webhooks.CreateAsync(policy, Author);
        taken.Allowed.Should().BeTrue(taken.Message);
        taken.Warnings.Should().HaveCount(3).And.Contain(w => w.Contains("reaches kube-system", StringComparison.Ordinal)).And
            .Contain(w => w.StartsWith("spec.allowPersistence: 'impersonate' has no effect", StringComparison.Ordinal))
            .And.Contain(w => w.StartsWith("spec.access[0]: ClusterRole/edit in the whole cluster", StringComparison.Ordinal)
                && w.Contains("seal keys", StringComparison.Ordinal));
        _webhooks.HasSynced = false;
        (await _webhooks.CreateAsync(A.Policy(s => policy.Spec, "unseen"), Author)).Warnings.Should().HaveCount(2, "what the role gives is not known, "
            + "but that edit in kube-system gives much is").And.NotContain(w => w.Contains("seal keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_policy_through_a_gateway_that_is_not_there_is_taken_with_a_warning_and_its_grants_are_refused()
    {
        var policy = A.Policy(s => s with { Limits = new() { MaxActive = 3 }, Session = new() { Path = SessionPath.Gateway } }, "behind-the-gateway");
        var taken = await _webhooks.CreateAsync(policy, Author);
        taken.Allowed.Should().BeTrue(taken.Message);
        taken.Warnings.Should().ContainSingle().Which.Should().StartWith("spec.session.path: ").And.Contain("set --gateway-url");
        (await _webhooks.CreateAsync(A.Grant(s => s with { Policy = "behind-the-gateway" }), Alice)).Message
            .Should().Contain("gives access only through the gateway");
    }

    [Fact]
    public async Task Namespace_role_policy_and_grant_may_come_in_one_apply_and_what_is_really_not_there_is_refused()
    {
        _webhooks.HoldCaches();
        _webhooks.Server.CreateNamespace("shop", ("kind", "shop"));
        _webhooks.Server.Put(A.Role("shop", "reader", A.Rule("", "pods", "get")));
        _webhooks.Server.Put(A.ClusterRole("fresh", A.Rule("", "pods", "get")));
        _webhooks.Server.Put(
            A.ClusterRole("binds-all", new V1PolicyRule { ApiGroups = [V1Role.KubeGroup], Resources = ["clusterroles", "roles"], Verbs = ["bind"] }));
        _webhooks.Server.Put(new V1ClusterRoleBinding { Metadata = new() { Name = "author-binds-all" },
            RoleRef = new() { ApiGroup = V1Role.KubeGroup, Kind = "ClusterRole", Name = "binds-all" }, Subjects = [Bound.User("author")] });
        async Task<string?> AskAsync(string name, AccessEntry entry)
        {
            (await _webhooks.CreateAsync(A.Policy(s => s with { Access = [entry] }, name), Author)).Message.Should().BeNull();
            return (await _webhooks.CreateAsync(A.Grant(s => s with { Policy = name }, $"inc-{name}"), Alice)).Message;
        }

        (await AskAsync("named", A.Entry("a", "edit", "shop"))).Should().BeNull();
        (await AskAsync("fresh-role", A.Entry("a", "fresh", "payments"))).Should().BeNull();
        (await AskAsync("local-role", A.RoleEntry("a", "reader", "shop"))).Should().BeNull();
        (await AskAsync("selected", A.SelectorEntry("a", "edit", A.Selector(("kind", "shop"))))).Should().BeNull();
        (await AskAsync("nowhere", A.Entry("a", "edit", "no-such-place"))).Should().Contain("reaches no namespace that exists");
        (await AskAsync("no-role", A.Entry("a", "no-such-role", "shop"))).Should().Contain("no-such-role");
    }
}
