using System.Net;
using BreakGlass.Core.Api;
using BreakGlass.Gateway.Tokens;
using FluentAssertions;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Gateway.Tests.Tokens;

/// <summary>A grant that ends while the gateway requests its token.</summary>
public sealed class TokenRaceTests : IAsyncLifetime
{
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_soon = Eventually.Limit;

    private GatewayWorld _world = null!;

    public async Task InitializeAsync() => _world = await GatewayWorld.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Requests_that_wait_for_the_token_of_a_grant_that_ends_are_refused_and_not_sent(int requests)
    {
        using var late = _world.Api.Faults.Inject(Fault.Latency(s_late), "create", "serviceaccounts/token", times: null);
        var client = _world.Client(_world.Admit());
        var sending = Enumerable.Range(0, requests).Select(_ => client.GetAsync("/api")).ToList();
        await _world.OpenAsync(requests);
        await GatewayWorld.UntilAsync(() => Task.FromResult(late.Hits > 0), "a request for a token");

        _world.Revoke();

        foreach (var sent in sending)
        {
            using var answer = await sent.Soon("the 401", s_soon);
            (await answer.StatusAsync(HttpStatusCode.Unauthorized)).Should().Contain("Revoked");
        }

        _world.Clock.Advance(s_late);
        await _world.OpenAsync(0);
        _world.Upstream.Seen.Should().BeEmpty();
    }

    [Fact]
    public async Task A_grant_of_the_same_name_does_not_get_the_token_that_was_on_the_way_to_the_one_before()
    {
        using var late = _world.Api.Faults.Inject(Fault.Latency(s_late), "create", "serviceaccounts/token");
        var first = _world.Client(_world.Admit()).GetAsync("/api");
        await GatewayWorld.UntilAsync(() => Task.FromResult(late.Hits > 0), "a request for a token");
        _world.Api.Remove<BreakGlassGrant>(GatewayWorld.Grant);
        using (var answer = await first.Soon("the 401", s_soon)) answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);

        var again = _world.Client(_world.Admit(uid: "grant-2"));
        await again.UntilAnsweredAsync(HttpStatusCode.OK, () => new(HttpMethod.Get, "/api"), "access by the second grant");
        _world.Clock.Advance(s_late);
        _world.Upstream.Seen.Select(r => r.Headers["Authorization"]).Distinct().Should().ContainSingle();
    }

    [Fact]
    public async Task A_token_that_comes_after_its_grant_has_ended_is_not_kept()
    {
        var grant = A.Grant() with { Status = new() { ServiceAccount = "breakglass-grants/sa", CredentialSecret = "breakglass-grants/sa" } };
        _world.Api.Put(new k8s.Models.V1ServiceAccount { Metadata = new() { Name = "sa", NamespaceProperty = GatewayWorld.GrantsNamespace } });
        _world.Api.Put(new k8s.Models.V1Secret { Metadata = new() { Name = "sa", NamespaceProperty = GatewayWorld.GrantsNamespace } });
        using var late = _world.Api.Faults.Inject(Fault.Latency(s_late), "create", "serviceaccounts/token");
        using var client = _world.Api.CreateClient();
        var mint = new TokenMint(client, _world.Clock, _world.Log);
        var minting = mint.GetAsync(grant, CancellationToken.None).AsTask();
        await GatewayWorld.UntilAsync(() => Task.FromResult(late.Hits > 0), "a request for a token");

        mint.Forget(grant.Metadata.Name);
        _world.Clock.Advance(s_late);

        var token = await minting.Soon("the token", s_soon);
        token.Should().NotBeNull();
        (await mint.GetAsync(grant, CancellationToken.None)).Should().NotBe(token);
    }
}
