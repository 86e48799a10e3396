using System.Text;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Proxying;

/// <summary>A client that sends its body only when it is told to.</summary>
public sealed class ExpectTests : IAsyncLifetime
{
    private const string Head = "POST /yes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";

    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Expect_100_continue_is_the_API_servers_to_answer()
    {
        _world.Upstream.Handler = async context =>
        {
            if (context.Request.Path == "/no")
            {
                context.Response.StatusCode = 413;
                return;
            }

            await context.Request.Body.CopyToAsync(context.Response.Body);
        };
        var certificate = _world.Admit();
        await using var stream = await _world.ConnectAsync(certificate);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(Head));
        var buffer = new byte[1024];
        var first = Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer).AsTask().Soon("100 Continue"));
        first.Should().StartWith("HTTP/1.1 100 Continue");
        (await stream.ExchangeAsync("body")).Should().Contain("200 OK").And.Contain("body");
        _world.Upstream.Seen.Single().Headers["Expect"].Should().Be("100-continue");

        await using var other = await _world.ConnectAsync(certificate);
        (await other.ExchangeAsync(Head.Replace("/yes", "/no", StringComparison.Ordinal))).Should().StartWith("HTTP/1.1 413").And.NotContain("100 Continue");
    }

    [Fact]
    public async Task For_an_API_server_that_takes_its_time_the_gateway_does_not_say_100_Continue()
    {
        _world.Upstream.Handler = async context =>
        {
            // By itself, .NET would send the body on after a second, and the gateway would have to ask the client for it.
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, context.RequestAborted);
            context.Response.StatusCode = 413;
        };
        await using var stream = await _world.ConnectAsync(_world.Admit());
        (await stream.ExchangeAsync(Head)).Should().StartWith("HTTP/1.1 413").And.NotContain("100 Continue");
    }
}
