using System.Text.Json;
using System.Text.Json.Nodes;
using BreakGlass.Core.Api;
using BreakGlass.Operator.Admission;
using FluentAssertions;
using k8s.Models;
using Kube.Runtime;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>What one person may make large or many.</summary>
public sealed class BoundsTests : IAsyncLifetime
{
    private static readonly V1UserInfo Alice = WebhookHarness.User("alice", "payments-oncall");

    private WebhookHarness _webhooks = null!;

    public async Task InitializeAsync()
    {
        _webhooks = await WebhookHarness.OpenAsync();
        _webhooks.LetBind("author");
        (await _webhooks.CreateAsync(A.Policy(s => s with { Mode = PolicyMode.JustInTime, Approval = new() { Approvers = [A.Group("approvers")] } }, "jit"),
            WebhookHarness.User("author"))).Message.Should().BeNull();
    }

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_grant_with_an_annotation_of_240_KiB_is_refused()
    {
        var grant = Ask("g1");
        var answer = await _webhooks.CreateAsync(
            grant with { Metadata = grant.Metadata with { Annotations = new Dictionary<string, string> { ["a"] = new('x', 240 * 1024) } } }, Alice);
        answer.Message.Should().Contain("at most 16384");
    }

    [Fact]
    public async Task A_finalizer_of_somebody_else_holds_up_no_approval()
    {
        (await _webhooks.CreateAsync(Ask("g1"), Alice)).Message.Should().BeNull();
        var approval = new BreakGlassApproval { Metadata = new() { Name = "yes", Finalizers = ["example.com/hold"] },
            Spec = new() { Grant = "g1", Decision = "Approve" } };
        (await _webhooks.CreateAsync(approval, WebhookHarness.User("carol", "approvers"))).Message.Should().Contain("metadata.finalizers");
    }

    [Fact]
    public async Task Of_six_requests_at_once_five_may_wait()
    {
        for (var i = 0; i < 5; i++) (await _webhooks.CreateAsync(Ask($"g{i}"), Alice)).Message.Should().BeNull();
        (await _webhooks.CreateAsync(Ask("g5"), Alice)).Message.Should().Contain("at most 5 may");
        (await _webhooks.CreateAsync(Ask("g0"), Alice)).Message.Should().BeNull("the same request again is no further one");
        (await _webhooks.CreateAsync(Ask("other"), WebhookHarness.User("bob", "payments-oncall"))).Message.Should().BeNull("the limit is each person's own");
    }

    [Fact]
    public async Task Requests_that_the_cache_shows_count_as_long_as_they_wait()
    {
        for (var i = 0; i < 5; i++) _webhooks.Waiting.Add(Ask($"g{i}", "alice"));
        (await _webhooks.CreateAsync(Ask("more"), Alice)).Allowed.Should().BeFalse();
        _webhooks.Waiting[0] = _webhooks.Waiting[0] with { Status = new() { Phase = GrantPhase.Denied } };
        (await _webhooks.CreateAsync(Ask("more"), Alice)).Message.Should().BeNull();
    }

    // Five typing errors in ten seconds, and the sixth request was refused for requests that were never there.
    [Fact]
    public async Task A_request_that_is_refused_for_another_reason_does_not_count_as_waiting()
    {
        for (var i = 0; i < 6; i++)
        {
            var wrong = Ask($"wrong{i}");
            (await _webhooks.CreateAsync(wrong with { Spec = wrong.Spec with { Namespaces = ["nowhere"] } }, Alice)).Message
                .Should().Contain("does not reach nowhere");
        }

        (await _webhooks.CreateAsync(Ask("right"), Alice)).Message.Should().BeNull();
    }

    // Each write under a field manager of another name adds to managedFields, and a grant that is large enough could not be revoked any more.
    [Fact]
    public async Task Nobody_grows_managed_fields_without_end_and_a_grant_that_is_full_of_them_can_be_revoked()
    {
        (await _webhooks.CreateAsync(Ask("g1"), Alice)).Message.Should().BeNull();
        var grant = _webhooks.Stored<BreakGlassGrant>("g1");
        (await ChangeAsync(grant, grant with { Metadata = grant.Metadata with { Labels = new Dictionary<string, string> { ["a"] = "b" } } }, 31_000,
            34_000)).Message.Should().Contain("metadata.managedFields");
        (await ChangeAsync(grant, grant with { Metadata = grant.Metadata with { Labels = new Dictionary<string, string> { ["a"] = "b" } } }, 34_000,
            33_000)).Message.Should().BeNull();
        (await ChangeAsync(grant, grant with { Spec = grant.Spec with { Revoke = new() { Reason = "done" } } }, 34_000, 35_000)).Message.Should().BeNull();
    }

    private async Task<AdmissionAnswer> ChangeAsync(BreakGlassGrant before, BreakGlassGrant after, int managedBefore, int managedAfter)
    {
        static JsonElement With(JsonElement o, int bytes)
        {
            var node = JsonNode.Parse(o.GetRawText())!;
            node["metadata"]!["managedFields"] = new JsonArray(new JsonObject { ["manager"] = new string('m', bytes) });
            return JsonSerializer.SerializeToElement(node);
        }

        var request = WebhookHarness.Request(after, before, Alice);
        request = request with { Object = With(request.Object!.Value, managedAfter), OldObject = With(request.OldObject!.Value, managedBefore) };
        var answer = await _webhooks.Mutate(request, default);
        return answer.Allowed ? await _webhooks.Validate(request with { Object = WebhookHarness.Patched(request, answer) }, default) : answer;
    }

    [Fact]
    public void A_burst_in_parallel_gets_exactly_as_many_through_as_may_wait()
    {
        var pending = new PendingRequests(_ => [], new FakeClock());
        var policy = A.Policy(s => s with { Mode = PolicyMode.JustInTime, Limits = new() { MaxPending = 7 } });
        var refused = Enumerable.Range(0, 200).AsParallel().Count(i => pending.Check(Ask($"g{i}", "alice"), policy, isDryRun: false) is not null);
        refused.Should().Be(193);
    }

    [Fact]
    public void Requests_of_mode_BreakGlass_do_not_wait_and_are_not_counted()
    {
        var pending = new PendingRequests(_ => [.. Enumerable.Range(0, 100).Select(i => Ask($"g{i}", "alice"))], new FakeClock());
        pending.Check(Ask("more", "alice"), A.Policy(), isDryRun: false).Should().BeNull();
    }

    private static BreakGlassGrant Ask(string name, string? requester = null) =>
        A.Grant(s => s with { Policy = "jit", Requester = requester is null ? null : new() { Username = requester } }, name);
}
