using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using BreakGlass.Operator.Admission;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

public sealed class AdmissionTests : IAsyncLifetime
{
    private static readonly V1UserInfo Alice = WebhookHarness.User(
        "alice", "payments-oncall") with { Uid = "7", Extra = new Dictionary<string, IList<string>> { ["amr"] = ["mfa"] } };
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
    public async Task Whoever_asks_is_stamped_with_what_the_policy_asks_about_and_a_hash_of_the_rest()
    {
        (await _webhooks.CreateAsync(A.Grant(s => s with { Requester = A.Caller("mallory", "admins") }), Alice)).Message.Should().BeNull();
        var grant = _webhooks.Stored<BreakGlassGrant>("inc-4711");
        grant.Spec.Requester.Should().BeEquivalentTo(
            new { Username = "alice", Uid = "7", Groups = new[] { "payments-oncall" }, GroupCount = 2, Extra = (object?)null });
        grant.Spec.Requester!.GroupsHash.Should().Be(CallerStamp.HashOf(["system:authenticated", "payments-oncall"]));
        _webhooks.Book.Verify(grant).Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_policy_names_who_last_changed_its_spec_whatever_its_manifest_says()
    {
        string? Named() => _webhooks.Stored<BreakGlassPolicy>("payments-oncall").AnnotationsOrEmpty.GetValueOrDefault(BreakGlassApi.AuthorAnnotation);
        static BreakGlassPolicy Forged(BreakGlassPolicy p, string? name) => p with
        {
            Metadata = p.Metadata with
            {
                Annotations = (p.Metadata.Annotations ?? new Dictionary<string, string>()).Where(a => a.Key != BreakGlassApi.AuthorAnnotation)
                    .Concat(name is null ? [] : [KeyValuePair.Create(BreakGlassApi.AuthorAnnotation, name)]).ToDictionary(),
            },
        };
        Named().Should().Be("author");

        var other = WebhookHarness.User("other");
        _webhooks.LetBind("other");
        foreach (var name in (string?[])["mallory", null])
        {
            (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => Forged(p, name), other)).Message.Should().BeNull();
            Named().Should().Be("author", "the spec is the same");
        }

        (await _webhooks.UpdateAsync<BreakGlassPolicy>(
            "payments-oncall", p => Forged(p, "mallory") with { Spec = p.Spec with { Description = "new" } }, other)).Message.Should().BeNull();
        Named().Should().Be("other");
        (await _webhooks.CreateAsync(Forged(A.Policy(name: "second"), "mallory"), Author)).Message.Should().BeNull();
        _webhooks.Stored<BreakGlassPolicy>("second").Metadata.Annotations![BreakGlassApi.AuthorAnnotation].Should().Be("author");
    }

    [Fact]
    public async Task A_manifest_without_a_spec_is_refused_and_nothing_breaks()
    {
        var request = WebhookHarness.Request(A.Grant(), null, Alice);
        foreach (var text in new[] { "{}", """{"spec":null}""", """{"spec":7}""", """{"metadata":null,"spec":{}}""", "[]", "\"x\"" })
        {
            var o = System.Text.Json.JsonDocument.Parse(text).RootElement;
            var mutated = await _webhooks.Mutate(request with { Object = o }, default);
            if (mutated.Allowed)
                (await _webhooks.Validate(request with { Object = WebhookHarness.Patched(request with { Object = o }, mutated) }, default)).Allowed
                    .Should().BeFalse(text);
            else mutated.Code.Should().BeLessThan(500, text);
        }
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a%2fb")]
    [InlineData("payments-oncall/status")]
    public async Task A_name_that_no_object_can_have_is_that_of_none(string name)
    {
        (await _webhooks.CreateAsync(A.Grant(s => s with { Policy = name }), Alice)).Code.Should().Be(422);
        (await _webhooks.CreateAsync(new BreakGlassReview { Metadata = new() { Name = "r" }, Spec = new() { Grant = name, Outcome = "Justified" } },
            Alice)).Code
            .Should().Be(422);
    }

    [Fact]
    public async Task A_null_in_a_list_or_map_is_refused_by_its_place()
    {
        var request = WebhookHarness.Request(A.Policy(name: "other"), null, Author);
        var text = request.Object!.Value.GetRawText();
        async Task<string?> Of(string from, string to) =>
            (await _webhooks.Mutate(
                request with { Object = System.Text.Json.JsonDocument.Parse(text.Replace(from, to, StringComparison.Ordinal)).RootElement }, default)).Message;
        (await Of("\"requesters\":[", "\"requesters\":[null,")).Should().StartWith("spec.requesters[0]: must not be null");
        (await Of("\"metadata\":{", "\"metadata\":{\"labels\":{\"a\":null},")).Should().StartWith("metadata.labels.a: must not be null");
        (await Of("\"spec\":{", "\"spec\":{\"limits\":null,")).Should().BeNull();
    }

    [Fact]
    public async Task An_author_without_any_group_is_asked_about_like_every_other() =>
        (await _webhooks.CreateAsync(A.Policy(name: "other"), Author with { Groups = null })).Message.Should().BeNull();

    [Fact]
    public async Task A_dry_run_leaves_no_seal_and_no_write_behind_but_shows_when_nothing_changes()
    {
        _webhooks.Server.Requests.Clear();
        var request = WebhookHarness.Request(A.Grant(), null, Alice, dryRun: true);
        var mutated = await _webhooks.Mutate(request, default);
        var patched = WebhookHarness.Patched(request, mutated)!.Value;
        patched.GetProperty("metadata").GetProperty("annotations").GetProperty(Seal.Annotation).GetString().Should().Be(Seal.DryRun);
        (await _webhooks.Validate(request with { Object = patched }, default)).Allowed.Should().BeTrue();
        (await _webhooks.Validate(request with { Object = patched, DryRun = false }, default)).Allowed.Should().BeFalse("it vouches for nothing");
        _webhooks.Server.Requests.Writes.Should().BeEmpty();

        var policy = _webhooks.Stored<BreakGlassPolicy>("payments-oncall");
        var same = WebhookHarness.Request(policy, policy, Author, dryRun: true);
        (await _webhooks.Mutate(same, default)).Patch.Should().BeEmpty();
    }

    [Fact]
    public async Task Without_the_mutating_webhook_the_validating_one_lets_nothing_in()
    {
        var refused = await _webhooks.Validate(WebhookHarness.Request(A.Grant(), null, Alice), default);
        refused.Message.Should().Contain("MutatingWebhookConfiguration breakglass-operator");
        (await _webhooks.Validate(WebhookHarness.Request(A.Policy(name: "other"), null, Author), default)).Allowed.Should().BeFalse();
    }

    [Fact]
    public async Task What_another_webhook_changes_after_the_seal_is_refused()
    {
        var request = WebhookHarness.Request(A.Grant(), null, Alice);
        var sealed_ = WebhookHarness.Patched(request, await _webhooks.Mutate(request, default))!.Value.GetRawText();
        var changed = System.Text.Json.JsonDocument.Parse(sealed_.Replace("\"alice\"", "\"mallory\"", StringComparison.Ordinal)).RootElement;
        (await _webhooks.Validate(request with { Object = changed }, default)).Allowed.Should().BeFalse();
    }

    [Fact]
    public async Task A_mutation_asked_for_twice_is_the_same()
    {
        var request = WebhookHarness.Request(A.Grant(), null, Alice);
        var once = WebhookHarness.Patched(request, await _webhooks.Mutate(request, default));
        (await _webhooks.Mutate(request with { Object = once }, default)).Patch.Should().BeEmpty();
    }

    [Fact]
    public async Task The_mark_of_an_ended_grant_cannot_be_taken_off()
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        _webhooks.Server.Modify<BreakGlassGrant>("inc-4711", null, g => g with { Metadata =
            g.Metadata with { Annotations = new Dictionary<string, string>(g.AnnotationsOrEmpty) { [BreakGlassApi.EndedAnnotation] = "x" } } });
        (await _webhooks.UpdateAsync<BreakGlassGrant>(
            "inc-4711", g => g with { Metadata = g.Metadata with { Annotations = new Dictionary<string, string>() } }, Alice)).Allowed.Should().BeTrue();
        _webhooks.Stored<BreakGlassGrant>("inc-4711").AnnotationsOrEmpty[BreakGlassApi.EndedAnnotation].Should().Be("x");
        _webhooks.SealOf<BreakGlassGrant>("inc-4711").Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task A_grant_keeps_its_requester_its_time_and_everything_else_through_updates()
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        _webhooks.Clock.Advance(TimeSpan.FromHours(1));
        _webhooks.LetRevoke("bob");
        (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Spec = g.Spec with { Requester = null, Revoke = new() { Reason = "done" } } },
            WebhookHarness.User("bob"))).Message.Should().BeNull();
        var grant = _webhooks.Stored<BreakGlassGrant>("inc-4711");
        (grant.Spec.Requester!.Username, grant.Spec.Revoke!.By!.Username).Should().Be(("alice", "bob"));
        _webhooks.Book.Verify(grant).Should().Be(SealState.Valid, "it was sealed an hour ago, when it was created");
        foreach (var change in new Func<GrantSpec, GrantSpec>[] { s => s with { Duration = "1h" }, s => s with { Policy = "x" }, s => s with { Revoke = null },
            s => s with { Revoke = s.Revoke! with { Reason = "x" } } })
        {
            (await _webhooks.UpdateAsync<BreakGlassGrant>("inc-4711", g => g with { Spec = change(g.Spec) }, Alice)).Code.Should().Be(422);
        }
    }

    [Fact]
    public async Task A_policy_needs_an_author_who_may_bind_and_the_sentence_names_what_is_missing()
    {
        var refused = await _webhooks.CreateAsync(A.Policy(name: "other"), WebhookHarness.User("mallory"));
        (refused.Code, refused.Message).Should().Be((403, refused.Message));
        refused.Message.Should().Contain("'mallory' is not allowed to give ClusterRole/edit in namespace payments");
        _webhooks.LetBind("local", "payments");
        (await _webhooks.CreateAsync(A.Policy(name: "other"), WebhookHarness.User("local"))).Message.Should().BeNull();
        (await _webhooks.CreateAsync(A.Policy(s => s with { Access = [A.ClusterWideEntry("a", "edit")] }, "wide"), WebhookHarness.User("local"))).Message
            .Should().Contain("in the whole cluster");
    }

    [Fact]
    public async Task Once_a_role_has_grown_a_change_of_the_policy_needs_the_rights_and_a_suspension_does_not()
    {
        var today = BreakGlass.Core.Rules.RoleRisk.Hash(_webhooks.Server.Get<V1ClusterRole>("edit")!.Rules);
        _webhooks.Server.Modify<BreakGlassPolicy>(
            "payments-oncall", null, p => p with { Status = new() { Roles = [new() { Name = "payments", Hash = today, PinnedHash = today }] } });
        var pipeline = WebhookHarness.User("pipeline");
        BreakGlassPolicy Described(BreakGlassPolicy p, string text) => p with { Spec = p.Spec with { Description = text } };
        (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => Described(p, "one"), pipeline)).Message.Should().BeNull();
        _webhooks.Server.Put(A.ClusterRole("edit", A.Rule("*", "*", "*")));
        (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => Described(p, "two"), pipeline)).Message
            .Should().Contain("'pipeline' is not allowed to give");
        (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => p with { Spec = p.Spec with { Suspended = true } }, pipeline)).Message
            .Should().BeNull();
        (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => p with { Spec = p.Spec with { Suspended = false } }, pipeline)).Allowed
            .Should().BeFalse();
        (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => Described(p, "three"), Author)).Message.Should().BeNull();
        _webhooks.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Valid);
    }

    [Fact]
    public async Task The_operators_own_writes_vouch_for_nothing()
    {
        _webhooks.Server.Put(A.Policy(name: "slipped", uid: "policy-9"));
        var itself = WebhookHarness.User("system:serviceaccount:breakglass-system:breakglass-operator");
        (await _webhooks.UpdateAsync<BreakGlassPolicy>(
            "slipped", p => p with { Metadata = p.Metadata with { Finalizers = ["breakglass.dev/revoke"] } }, itself)).Message.Should().BeNull();
        _webhooks.SealOf<BreakGlassPolicy>("slipped").Should().Be(SealState.Missing, "the operator may bind the role, but did not write the policy");
    }

    [Theory]
    [InlineData("subjectaccessreviews")]
    [InlineData("breakglassgrants")]
    public async Task What_cannot_be_checked_is_refused_with_a_word_on_what_to_do(string resource)
    {
        foreach (var role in _webhooks.Server.List<V1ClusterRole>().Where(r => r.RulesOrEmpty.Any(rule => rule.ResourcesOrEmpty.Contains(resource))))
        {
            _webhooks.Server.Put(role with { Rules = [.. role.RulesOrEmpty.Where(rule => !rule.ResourcesOrEmpty.Contains(resource))] });
        }

        var answer = resource == "breakglassgrants"
            ? await _webhooks.CreateAsync(
                new BreakGlassApproval { Metadata = new() { Name = "a" }, Spec = new() { Grant = "inc-4711", Decision = "Approve" } },
                WebhookHarness.User("carol"))
            : await _webhooks.CreateAsync(A.Policy(name: "other"), Author);
        (answer.Allowed, answer.Code).Should().Be((false, 503));
        answer.Message.Should().Contain("Try again").And.Contain("403").And.NotContain("token");
    }

    [Fact]
    public async Task Before_the_caches_are_filled_grants_are_refused_and_told_to_come_again()
    {
        _webhooks.HasSynced = false;
        var answer = await _webhooks.CreateAsync(A.Grant(), Alice);
        (answer.Allowed, answer.Code).Should().Be((false, 503));
        answer.Message.Should().Contain("since it started");
    }

    [Fact]
    public async Task Other_kinds_and_subresources_are_not_our_business()
    {
        var request = WebhookHarness.Request(A.Grant(), null, Alice);
        (await _webhooks.Mutate(request with { Kind = new() { Version = "v1", Kind = "Pod" } }, default)).Message.Should().Contain("not Pod");
        (await _webhooks.Validate(request with { Kind = null }, default)).Allowed.Should().BeFalse();
        (await _webhooks.Mutate(request with { SubResource = "status" }, default))
            .Should().Match<Kube.Runtime.AdmissionAnswer>(a => a.Allowed && a.Patch == null);
        (await _webhooks.Validate(request with { Operation = "CONNECT" }, default)).Allowed.Should().BeFalse();
        (await _webhooks.Validate(request with { Object = null }, default)).Allowed.Should().BeFalse();
    }

    [Fact]
    public async Task A_finished_grant_is_deleted_only_when_its_time_is_over_and_an_open_one_at_any_time()
    {
        await _webhooks.CreateAsync(A.Grant(), Alice);
        var grant = _webhooks.Stored<BreakGlassGrant>("inc-4711");
        (await _webhooks.WriteAsync(null, grant, Alice)).Allowed.Should().BeTrue();
        var ended = A.FinishedGrant(GrantPhase.Expired);
        _webhooks.Clock.Advance(ended.Status.EndedAt!.Value - _webhooks.Clock.GetUtcNow() + TimeSpan.FromHours(2160) - TimeSpan.FromSeconds(30));
        (await _webhooks.WriteAsync(null, ended, Alice)).Message.Should().Contain("kept until");
        (await _webhooks.WriteAsync(null, ended, WebhookHarness.User("system:serviceaccount:breakglass-system:breakglass-operator"))).Allowed
            .Should().BeTrue("its clock may be a little ahead");
        _webhooks.Clock.Advance(TimeSpan.FromSeconds(30));
        (await _webhooks.WriteAsync(null, ended, Alice)).Allowed.Should().BeTrue();
    }

    [Fact]
    public async Task An_answer_that_takes_too_long_is_a_refusal_in_time()
    {
        var never = new TaskCompletionSource<Kube.Runtime.AdmissionAnswer>();
        var slow = new FailClosed(_webhooks.Clock, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance)
            .Around(async (_, ct) => await never.Task.WaitAsync(ct));
        var answer = slow(WebhookHarness.Request(A.Grant(), null, Alice), default).AsTask();
        _webhooks.Clock.Advance(TimeSpan.FromSeconds(4));
        (await answer.WaitAsync(Eventually.Limit)).Should().Match<Kube.Runtime.AdmissionAnswer>(a => !a.Allowed && a.Code == 503);
    }
}
