using BreakGlass.Core.Api;
using BreakGlass.Core.Sealing;
using FluentAssertions;
using Kube.Client;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>A policy that somebody suspended while no replica answered: nothing sealed it again, so that its seal does not fit any more.</summary>
public sealed class SuspendedTests : IAsyncLifetime
{
    private WebhookHarness _webhooks = null!;

    public async Task InitializeAsync()
    {
        _webhooks = await WebhookHarness.OpenAsync();
        _webhooks.LetBind("author");
        (await _webhooks.CreateAsync(A.Policy(), WebhookHarness.User("author"))).Message.Should().BeNull();
        var policy = _webhooks.Stored<BreakGlassPolicy>("payments-oncall");
        _webhooks.Server.Put(policy with { Spec = policy.Spec with { Suspended = true } });
        _webhooks.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Broken);
    }

    public Task DisposeAsync()
    {
        _webhooks.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task It_gives_nothing_and_says_that_it_is_suspended() =>
        (await _webhooks.CreateAsync(A.Grant(), WebhookHarness.User("alice", "payments-oncall"))).Message.Should().Contain("is suspended");

    // The old seal still stands on it, and fits again as soon as it is not suspended any more.
    [Fact]
    public async Task It_is_lifted_by_somebody_who_may_bind_its_roles_and_by_nobody_else()
    {
        (await LiftAsync("lena")).Message.Should().Contain("'lena' is not allowed to give ClusterRole/edit");
        (await LiftAsync("author")).Message.Should().BeNull();
        _webhooks.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Valid);
        (await _webhooks.CreateAsync(A.Grant(), WebhookHarness.User("alice", "payments-oncall"))).Message.Should().BeNull();
    }

    [Fact]
    public async Task A_label_does_not_seal_it_again()
    {
        (await _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p =>
            p with { Metadata = p.Metadata with { Labels = new Dictionary<string, string> { ["a"] = "b" } } }, WebhookHarness.User("lena"))).Message
                .Should().BeNull();
        _webhooks.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Broken);
    }

    // A manifest in Git does not know the operator's finalizer, which is there while a grant is active: 'kubectl replace' with suspended: true was refused.
    [Fact]
    public async Task A_policy_with_active_grants_can_be_replaced_as_a_whole()
    {
        await LiftAsync("author");
        var policy = _webhooks.Stored<BreakGlassPolicy>("payments-oncall");
        _webhooks.Server.Put(policy with { Metadata = policy.Metadata with { Finalizers = [BreakGlassApi.RevokeFinalizer] } });
        var answer = await _webhooks.UpdateAsync<BreakGlassPolicy>(
            "payments-oncall", p => p with { Metadata = new() { Name = p.Metadata.Name } } with { Spec = p.Spec with { Suspended = true } },
            WebhookHarness.User("lena"));
        answer.Message.Should().BeNull();
        var replaced = _webhooks.Stored<BreakGlassPolicy>("payments-oncall");
        replaced.Spec.Suspended.Should().BeTrue();
        replaced.FinalizersOrEmpty.Should().Equal(BreakGlassApi.RevokeFinalizer);
        _webhooks.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Valid);
    }

    private Task<Kube.Runtime.AdmissionAnswer> LiftAsync(string who) =>
        _webhooks.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => p with { Spec = p.Spec with { Suspended = false } }, WebhookHarness.User(who));
}
