using System.Net;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Tokens;

public sealed class TokenTests : IAsyncLifetime
{
    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    private int Minted => _world.Api.Requests.All.Count(r => r.Call.Is("create", "serviceaccounts/token"));

    private IReadOnlyList<string> Sent => [.. _world.Upstream.Seen.Select(r => r.Headers["Authorization"])];

    [Fact]
    public async Task One_token_serves_all_requests_of_a_grant_and_is_replaced_near_its_end()
    {
        var client = _world.Client(_world.Admit());
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync("/api")));
        Minted.Should().Be(1);
        Sent.Distinct().Should().ContainSingle();
        _world.Clock.Advance(TimeSpan.FromMinutes(26));
        await _world.FreshAsync();
        (await client.GetAsync("/api")).StatusCode.Should().Be(HttpStatusCode.OK);
        Minted.Should().Be(2);
        Sent.Distinct().Should().HaveCount(2);
    }

    [Fact]
    public async Task Each_grant_has_its_own_token()
    {
        await _world.Client(_world.Admit()).GetAsync("/api");
        await _world.Client(_world.Admit("inc-4712", "grant-2")).GetAsync("/api");
        Sent.Distinct().Should().HaveCount(2);
    }

    [Fact]
    public async Task A_token_that_the_API_server_does_not_accept_is_replaced_once()
    {
        var refused = 0;
        _world.Upstream.Handler = context => Interlocked.Increment(ref refused) == 1 ? UnauthorizedAsync(context) : context.Response.WriteAsync("ok");
        using var answer = await _world.Client(_world.Admit()).GetAsync("/api");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        Minted.Should().Be(2);
    }

    [Fact]
    public async Task If_it_accepts_none_the_answer_says_so_and_shows_no_token()
    {
        _world.Upstream.Handler = UnauthorizedAsync;
        var client = _world.Client(_world.Admit());
        using var answer = await client.GetAsync("/api");
        (await answer.StatusAsync(HttpStatusCode.ServiceUnavailable)).Should().Contain("gateway's token");
        using var content = new StringContent("body");
        using var withBody = await client.PostAsync("/api", content);
        await withBody.StatusAsync(HttpStatusCode.ServiceUnavailable);
        NothingShows(await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_401_of_a_service_behind_the_API_servers_proxy_is_the_services_own()
    {
        _world.Upstream.Handler = UnauthorizedAsync;
        using var answer = await _world.Client(_world.Admit()).GetAsync("/api/v1/namespaces/a/services/b/proxy/login");
        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        Minted.Should().Be(1);
    }

    [Fact]
    public async Task If_no_token_is_issued_the_answer_is_a_503_with_a_sentence()
    {
        _world.Api.Faults.Inject(Fault.Forbidden, "create", "serviceaccounts/token", times: null);
        using var answer = await _world.Client(_world.Admit()).GetAsync("/api");
        (await answer.StatusAsync(HttpStatusCode.ServiceUnavailable)).Should().Contain("did not issue a token");
        _world.Upstream.Seen.Should().BeEmpty();
        NothingShows("");
    }

    [Fact]
    public async Task Nothing_that_is_logged_contains_a_token()
    {
        var client = _world.Client(_world.Admit());
        await client.GetAsync("/api");
        _world.Upstream.Handler = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        using var broken = await client.GetAsync("/api");
        NothingShows(await broken.Content.ReadAsStringAsync());
        _world.Revoke();
        NothingShows(await client.UntilRefusedAsync());
    }

    private void NothingShows(string answer)
    {
        var tokens = Sent.Select(header => header["Bearer ".Length..]).Distinct().ToList();
        foreach (var text in _world.Log.Lines.Append(answer)) text.Should().NotContainAny(tokens.Append("eyJ").ToArray());
    }

    private static Task UnauthorizedAsync(HttpContext context)
    {
        context.Response.StatusCode = 401;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"Unauthorized\",\"code\":401}");
    }
}
