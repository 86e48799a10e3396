using BreakGlass.Core.Api;
using FluentAssertions;
using k8s;
using k8s.Models;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>Who is stamped with what, who may end whose grant, and that nothing but a refusal of ours stands between a person and a kill switch.</summary>
public sealed class PeopleTests : IAsyncLifetime
{
    private static readonly V1UserInfo Alice = WebhookHarness.User("alice", "payments-oncall");
    private static readonly V1UserInfo Author = WebhookHarness.User("author");

    private WebhookHarness _webhooks = null!;

    public async Task InitializeAsync()
    {
        _webhooks = await WebhookHarness.OpenAsync(new() { OperatorNamespace = WebhookHarness.Ns, PersonClaims = ["example.com/id"] });
        _webhooks.LetBind("author");
        (await _webhooks.CreateAsync(A.Policy(), Author)).Message.Should().BeNull();
        (await _webhooks.CreateAsync(A.Policy(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }, "jit"),
            Author)).Message.Should().BeNull();
    }

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Somebody_in_a_thousand_groups_with_an_assertion_gets_in_and_leaves_no_credential_in_the_record()
    {
        var alice = Alice with
        {
            Groups = [.. Enumerable.Range(0, 1000).Select(i => $"team-{i}"), .. Alice.Groups],
            Extra = new Dictionary<string, IList<string>> { ["iam.gke.io/user-assertion"] = [new('e', 1600)] },
        };
        (await _webhooks.CreateAsync(A.Grant(), alice)).Message.Should().BeNull();
        var requester = _webhooks.Stored<BreakGlassGrant>("inc-4711").Spec.Requester!;
        (string.Join(",", requester.Groups), requester.GroupCount, requester.Extra).Should().Be(("payments-oncall", 1002, null));
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Spec = g.Spec with { Revoke = new() } }, alice)).Message.Should().BeNull();
        _webhooks.Stored<BreakGlassGrant>("inc-4711").Spec.Revoke!.By.Should().BeEquivalentTo(new Caller { Username = "alice" });
        (await _webhooks.CreateAsync(A.Lockdown(name: "stop"), alice)).Message.Should().BeNull();
        _webhooks.Stored<BreakGlassLockdown>("stop").Spec.By.Should().BeEquivalentTo(new Caller { Username = "alice" });
    }

    [Fact]
    public async Task A_rehearsal_shows_all_groups_that_any_policy_asks_about()
    {
        var request = WebhookHarness.Request(A.Grant(), null, Alice with { Groups = [.. Alice.Groups, "approvers", "none-of-it"] }, dryRun: true);
        var shown = WebhookHarness.Patched(request, await _webhooks.Mutate(request, default))!.Value.GetProperty("spec").GetProperty("requester")
            .GetProperty("groups");
        shown.EnumerateArray().Select(g => g.GetString()).Should().Equal("payments-oncall", "approvers");
    }

    [Fact]
    public async Task Alice_does_not_approve_what_alice_asked_for_by_case_or_by_a_second_account()
    {
        V1UserInfo Known(V1UserInfo user, string id) => user with { Extra = new Dictionary<string, IList<string>> { ["example.com/id"] = [id] } };
        (await _webhooks.CreateAsync(A.Grant(s => s with { Policy = "jit" }), Known(Alice, "4711"))).Message.Should().BeNull();
        BreakGlassApproval Yes(string name) => new() { Metadata = new() { Name = name }, Spec = new() { Grant = "inc-4711", Decision = "Approve" } };
        (await _webhooks.CreateAsync(Yes("a"), WebhookHarness.User("Alice", "approvers"))).Message
            .Should().Contain("'Alice' is the same person as 'alice', who requested this grant");
        (await _webhooks.CreateAsync(Yes("b"), Known(WebhookHarness.User("adm-77", "approvers"), "4711"))).Message
            .Should().Contain("'adm-77' is the same person as 'alice'");
        (await _webhooks.CreateAsync(Yes("c"), Known(WebhookHarness.User("carol", "approvers"), "4712"))).Message.Should().BeNull();
    }

    [Fact]
    public async Task Ending_somebody_elses_grant_is_a_right_and_ending_ones_own_is_not()
    {
        Func<BreakGlassGrant, BreakGlassGrant> revoke = g => g with { Spec = g.Spec with { Revoke = new() { Reason = "x" } } };
        foreach (var name in (string[])["one", "two", "three"]) (await _webhooks.CreateAsync(A.Grant(null, name, name), Alice)).Message.Should().BeNull();
        var refused = await _webhooks.UpdateAsync<BreakGlassGrant>("one", revoke, WebhookHarness.User("bob", "payments-oncall"));
        (refused.Code, refused.Allowed).Should().Be((403, false));
        refused.Message.Should().Contain("requested by 'alice'").And.Contain("kubectl auth can-i revoke breakglassgrants.breakglass.dev/one").And
            .Contain("breakglass-approver");

        _webhooks.LetRevoke("bob", "two");
        (await _webhooks.UpdateAsync<BreakGlassGrant>("one", revoke, WebhookHarness.User("bob"))).Allowed.Should().BeFalse("it is another grant");
        (await _webhooks.UpdateAsync<BreakGlassGrant>("two", revoke, WebhookHarness.User("bob"))).Message.Should().BeNull();
        (await _webhooks.UpdateAsync<BreakGlassGrant>("one", revoke, WebhookHarness.User("ALICE"))).Message.Should().BeNull("it is her own");
        _webhooks.Server.Faults.Inject(Fault.InternalError, "create", "subjectaccessreviews");
        (await _webhooks.UpdateAsync<BreakGlassGrant>("three", revoke, WebhookHarness.User("mallory"))).Message
            .Should().BeNull("access that ends too early is the lesser harm");
    }

    /// <summary>The mutating webhook is out of reach, and the validating one is not: a replica of a cluster that is half gone.</summary>
    [Fact]
    public async Task What_only_takes_access_away_is_let_through_without_a_seal_and_what_gives_it_is_not()
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        var grant = _webhooks.Stored<BreakGlassGrant>("inc-4711");
        var policy = _webhooks.Stored<BreakGlassPolicy>("payments-oncall");
        async Task<bool> Unstamped<T>(T? o, T? old, V1UserInfo user)
            where T : class, IKubernetesObject<V1ObjectMeta>
        {
            var answer = await _webhooks.Validate(WebhookHarness.Request(o, old, user), default);
            if (answer.Allowed) answer.Warnings.Should().Contain(w => w.Contains("unknown", StringComparison.Ordinal));
            return answer.Allowed;
        }

        (await Unstamped(A.Lockdown(by: "bob"), null, Alice)).Should().BeTrue();
        (await Unstamped(grant with { Spec = grant.Spec with { Revoke = new() { By = A.Caller("bob") } } }, grant, Alice)).Should().BeTrue();
        (await Unstamped(policy with { Spec = policy.Spec with { Suspended = true } }, policy, Author)).Should().BeTrue();
        (await Unstamped(grant with { Spec = grant.Spec with { Revoke = new(), Duration = "59m" } }, grant, Alice)).Should().BeFalse();
        (await Unstamped(policy with { Spec = policy.Spec with { Suspended = true, Requesters = [A.User("mallory")] } }, policy, Author)).Should().BeFalse();
        (await Unstamped(A.Grant(name: "another"), null, Alice)).Should().BeFalse();
    }
}
