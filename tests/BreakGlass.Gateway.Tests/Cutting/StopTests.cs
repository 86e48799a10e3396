using System.Net;
using BreakGlass.Core.Api;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Gateway.Tests.Cutting;

/// <summary>What stops a grant before the operator has ended it. No operator runs here.</summary>
public sealed class StopTests : IAsyncLifetime
{
    private static readonly TimeSpan s_soon = Eventually.Limit;

    private GatewayWorld _world = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _world = await GatewayWorld.StartAsync();
        _world.Upstream.Handler = NeverAsync;
        _client = _world.Client(_world.Admit());
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_lockdown_closes_what_is_open_though_no_operator_runs()
    {
        var open = _client.GetAsync("/api");
        await _world.OpenAsync(1);
        _world.Api.Put(Lockdown(selector: null));
        using var answer = await open.Soon("the 401", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("lockdown leak blocks the grant").And.Contain("token leaked");
        await _world.OpenAsync(0);
    }

    [Fact]
    public async Task While_a_lockdown_is_there_nothing_is_admitted_and_afterwards_the_grant_works_again_unless_the_operator_has_ended_it()
    {
        _world.Api.Put(Lockdown(selector: null));
        await AnsweredAsync(HttpStatusCode.Unauthorized, "a refusal");
        _world.Api.Remove<BreakGlassLockdown>("leak");
        await AnsweredAsync(HttpStatusCode.OK, "an answer");
    }

    [Fact]
    public async Task A_lockdown_of_other_policies_closes_nothing()
    {
        var open = _client.GetAsync("/api");
        await _world.OpenAsync(1);
        _world.Api.Put(Lockdown(new() { MatchLabels = new Dictionary<string, string> { ["team"] = "another" } }));
        await _world.FreshAsync();
        open.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task A_policy_that_is_suspended_closes_what_its_grants_have_open()
    {
        var open = _client.GetAsync("/api");
        await _world.OpenAsync(1);
        _world.Api.Modify<BreakGlassPolicy>(A.Policy().Metadata.Name, null, policy => policy with { Spec = policy.Spec with { Suspended = true } });
        using var answer = await open.Soon("the 401", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("is suspended");
    }

    private Task AnsweredAsync(HttpStatusCode code, string what)
    {
        _world.Upstream.Handler = _ => Task.CompletedTask;
        return _client.UntilAnsweredAsync(code, () => new(HttpMethod.Get, "/api"), what);
    }

    private static BreakGlassLockdown Lockdown(LabelSelector? selector) => new()
    {
        Metadata = new() { Name = "leak" }, Spec = new() { Reason = "token leaked", PolicySelector = selector },
    };

    private static async Task NeverAsync(HttpContext context) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
