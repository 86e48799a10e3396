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
    private Desk _desk = null!;

    public async Task InitializeAsync()
    {
        _desk = await Desk.OpenAsync();
        _desk.LetBind("author");
        (await _desk.CreateAsync(A.Policy(), Desk.User("author"))).Message.Should().BeNull();
        var policy = _desk.Stored<BreakGlassPolicy>("payments-oncall");
        _desk.Server.Put(policy with { Spec = policy.Spec with { Suspended = true } });
        _desk.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Broken);
    }

    public Task DisposeAsync()
    {
        _desk.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task It_gives_nothing_and_says_that_it_is_suspended() =>
        (await _desk.CreateAsync(A.Grant(), Desk.User("alice", "payments-oncall"))).Message.Should().Contain("is suspended");

    // The old seal still stands on it, and fits again as soon as it is not suspended any more.
    [Fact]
    public async Task It_is_lifted_by_somebody_who_may_bind_its_roles_and_by_nobody_else()
    {
        (await LiftAsync("lena")).Message.Should().Contain("'lena' is not allowed to give ClusterRole/edit");
        (await LiftAsync("author")).Message.Should().BeNull();
        _desk.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Valid);
        (await _desk.CreateAsync(A.Grant(), Desk.User("alice", "payments-oncall"))).Message.Should().BeNull();
    }

    [Fact]
    public async Task A_label_does_not_seal_it_again()
    {
        (await _desk.UpdateAsync<BreakGlassPolicy>("payments-oncall", p =>
            p with { Metadata = p.Metadata with { Labels = new Dictionary<string, string> { ["a"] = "b" } } }, Desk.User("lena"))).Message.Should().BeNull();
        _desk.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Broken);
    }

    // A manifest in Git does not know the operator's finalizer, which is there while a grant is active: 'kubectl replace' with suspended: true was refused.
    [Fact]
    public async Task A_policy_with_active_grants_can_be_replaced_as_a_whole()
    {
        await LiftAsync("author");
        var policy = _desk.Stored<BreakGlassPolicy>("payments-oncall");
        _desk.Server.Put(policy with { Metadata = policy.Metadata with { Finalizers = [BreakGlassApi.RevokeFinalizer] } });
        var answer = await _desk.UpdateAsync<BreakGlassPolicy>(
            "payments-oncall", p => p with { Metadata = new() { Name = p.Metadata.Name } } with { Spec = p.Spec with { Suspended = true } },
            Desk.User("lena"));
        answer.Message.Should().BeNull();
        var replaced = _desk.Stored<BreakGlassPolicy>("payments-oncall");
        replaced.Spec.Suspended.Should().BeTrue();
        replaced.FinalizersOrEmpty.Should().Equal(BreakGlassApi.RevokeFinalizer);
        _desk.SealOf<BreakGlassPolicy>("payments-oncall").Should().Be(SealState.Valid);
    }

    private Task<Kube.Runtime.AdmissionAnswer> LiftAsync(string who) =>
        _desk.UpdateAsync<BreakGlassPolicy>("payments-oncall", p => p with { Spec = p.Spec with { Suspended = false } }, Desk.User(who));
}
