using System.Net;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Admission;

public sealed class StalenessTests : IAsyncLifetime
{
    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Without_an_answer_of_the_API_server_for_longer_than_the_limit_nothing_new_is_admitted_until_it_answers_again()
    {
        var client = _world.Client(_world.Admit());
        (await client.GetAsync("/api")).StatusCode.Should().Be(HttpStatusCode.OK);
        _world.Gateway.Missing().Should().BeEmpty();
        var release = new TaskCompletionSource();
        _world.Upstream.Handler = context => context.Request.Path == "/wait" ? release.Task : Task.CompletedTask;
        var open = client.GetAsync("/wait");
        await _world.OpenAsync(1);
        _world.Api.Watches.Silence("breakglassgrants");
        _world.Api.Watches.Silence("breakglasspolicies");
        var outage = _world.Api.Faults.Inject(Fault.Refused, times: null);

        _world.Clock.Advance(TimeSpan.FromSeconds(11));

        using (var refused = await client.GetAsync("/api"))
        {
            (await refused.StatusAsync(HttpStatusCode.ServiceUnavailable)).Should().Contain("does not answer");
            refused.Headers.RetryAfter!.Delta.Should().NotBeNull();
        }

        _world.Gateway.Missing().Should().ContainSingle();
        open.IsCompleted.Should().BeFalse("what is open goes on until its end");
        release.SetResult();
        (await open).StatusCode.Should().Be(HttpStatusCode.OK);

        _world.Api.Faults.Clear();
        var before = _world.Clock.Elapsed;
        await _world.StepUntilAsync(TimeSpan.FromSeconds(1), async () =>
        {
            using var answer = await client.GetAsync("/api");
            return answer.StatusCode == HttpStatusCode.OK;
        }, "a gateway that admits requests again");
        (_world.Clock.Elapsed - before).Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(60));
        _ = outage;
    }

    [Fact]
    public async Task A_grant_that_was_not_used_for_a_while_is_read_before_it_is_admitted()
    {
        var certificate = _world.Admit();
        await _world.Api.Watches.WhenDrained();
        _world.Api.Watches.Silence("breakglassgrants");
        _world.Revoke();
        using var answer = await _world.Client(certificate).GetAsync("/api");
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("Revoked");
        _world.Upstream.Seen.Should().BeEmpty();
    }

    [Fact]
    public async Task A_read_that_fails_admits_nobody()
    {
        var certificate = _world.Admit();
        await _world.Api.Watches.WhenDrained();
        _world.Api.Faults.Inject(Fault.Forbidden, "get", "breakglassgrants", times: null);
        using var answer = await _world.Client(certificate).GetAsync("/api");
        await answer.StatusAsync(HttpStatusCode.ServiceUnavailable);
        _world.Upstream.Seen.Should().BeEmpty();
    }
}
