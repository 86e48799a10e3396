using System.Net;
using BreakGlass.Core.Api;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Gateway.Tests.Cutting;

public sealed class ImpersonationTests : IAsyncLifetime
{
    private static readonly TimeSpan s_soon = Eventually.Limit;

    private GatewayWorld _world = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _world = await GatewayWorld.StartAsync();
        _world.Upstream.Handler = context => context.Request.Path == "/done" ? Task.CompletedTask : NeverAsync(context);
        _client = _world.Client(_world.Admit());
        Allow("impersonate");
        await _client.UntilAnsweredAsync(HttpStatusCode.OK, () => AsCarol("/done"), "a policy that allows impersonation");
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task What_acts_as_another_user_is_closed_when_the_policy_no_longer_allows_it_and_the_rest_goes_on()
    {
        using var request = AsCarol("/api");
        var acting = _client.SendAsync(request);
        var own = _client.GetAsync("/api");
        await _world.OpenAsync(2);

        Allow();

        using var answer = await acting.Soon("the 403", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Forbidden)).Should().Contain("does not allow impersonation");
        await _world.OpenAsync(1);
        own.IsCompleted.Should().BeFalse();
    }

    [Fact]
    public async Task What_acts_as_another_user_goes_on_when_something_else_of_the_policy_changes()
    {
        using var request = AsCarol("/api");
        var acting = _client.SendAsync(request);
        await _world.OpenAsync(1);
        Allow("impersonate", "tokens");
        await _world.FreshAsync();
        _world.Clock.Advance(TimeSpan.FromSeconds(3));
        await _world.FreshAsync();
        acting.IsCompleted.Should().BeFalse();
    }

    private void Allow(params string[] persistence) => _world.Api.Modify<BreakGlassPolicy>(
        A.Policy().Metadata.Name, null, policy => policy with { Spec = policy.Spec with { AllowPersistence = persistence } });

    private static HttpRequestMessage AsCarol(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Impersonate-User", "carol");
        return request;
    }

    private static async Task NeverAsync(HttpContext context) =>
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
