using System.Net;
using BreakGlass.Core.Api;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Cutting;

public sealed class AuthorityTests : IAsyncLifetime
{
    private static readonly TimeSpan s_soon = Eventually.Limit;

    private GatewayWorld _world = null!;

    public async Task InitializeAsync()
    {
        _world = await GatewayWorld.StartAsync();
        _world.Upstream.Handler = context =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).WaitAsync(CancellationToken.None);
    }

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_is_open_with_a_certificate_of_a_CA_that_was_replaced_is_closed(int version)
    {
        using var other = new TestAuthority("another gateway authority");
        var client = _world.Client(_world.Admit(), version);
        var sending = client.GetAsync("/api");
        await _world.OpenAsync(1);

        await _world.ReplaceAuthoritiesAsync(other.Pem);

        using var answer = await sending.Soon("the 401", s_soon);
        (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("did not issue the client certificate");
        (await client.UntilRefusedAsync()).Should().Contain("did not issue the client certificate");
    }

    [Fact]
    public async Task What_is_open_with_a_certificate_that_a_new_CA_file_still_trusts_goes_on()
    {
        using var other = new TestAuthority("another gateway authority");
        var sending = _world.Client(_world.Admit()).GetAsync("/api");
        await _world.OpenAsync(1);

        await _world.ReplaceAuthoritiesAsync(other.Pem + _world.Authority.Pem);

        sending.IsCompleted.Should().BeFalse();
        _world.Gateway.OpenRequests.Should().Be(1);
    }

    [Fact]
    public async Task A_CA_file_that_cannot_be_read_closes_nothing()
    {
        var sending = _world.Client(_world.Admit()).GetAsync("/api");
        await _world.OpenAsync(1);
        await _world.ReplaceAuthoritiesAsync("torn", expectedInLog: "failed to read the gateway's certificate");
        sending.IsCompleted.Should().BeFalse();
    }
}
