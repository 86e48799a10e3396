using System.Net.Sockets;
using FluentAssertions;
using k8s.Models;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public class RetryTests
{
    private static readonly KubeClientOptions Quick = new() { RetryDelay = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData(429, false)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    public async Task A_read_is_sent_again_when_the_server_asks_for_it(int code, bool namesTheWait)
    {
        var tries = 0;
        using var handler = new StubHandler(
            _ => ++tries < 3 ? StubHandler.Status(code, "x", retryAfter: namesTheWait ? 0 : null) : StubHandler.Json(StubHandler.NamespaceJson("x")));
        (await handler.NewClient(options: Quick).GetAsync<V1Namespace>("x", null, default)).Metadata.Name.Should().Be("x");
        tries.Should().Be(3);
    }

    [Theory]
    [InlineData(500, null)]
    [InlineData(503, null)]
    [InlineData(504, 1)]
    [InlineData(404, 1)]
    public async Task A_read_is_not_sent_again_where_that_would_not_help(int code, int? retryAfter)
    {
        using var handler = new StubHandler(_ => StubHandler.Status(code, "x", retryAfter: retryAfter));
        var act = () => handler.NewClient(options: Quick).GetAsync<V1Namespace>("x", null, default);
        await act.Should().ThrowAsync<KubeApiException>();
        handler.Requests.Should().HaveCount(1);
    }

    [Theory]
    [InlineData(429, null, 3)]
    [InlineData(429, 0, 3)]
    [InlineData(503, 0, 3)]
    [InlineData(503, null, 1)]
    [InlineData(500, 0, 1)]
    public async Task A_write_is_sent_again_only_where_the_server_did_nothing(int code, int? retryAfter, int expected)
    {
        var tries = 0;
        using var handler = new StubHandler(
            _ => ++tries < 3 ? StubHandler.Status(code, "x", retryAfter: retryAfter) : StubHandler.Json(StubHandler.NamespaceJson("x")));
        var act = () => handler.NewClient(options: Quick).CreateAsync(StubHandler.NewNamespace("x"), default);
        if (expected == 3) await act.Should().NotThrowAsync();
        else await act.Should().ThrowAsync<KubeApiException>();
        tries.Should().Be(expected);
    }

    [Fact]
    public async Task A_read_survives_a_broken_connection_and_a_write_does_not_repeat_itself()
    {
        var tries = 0;
        HttpResponseMessage Answer(SentRequest sent) =>
            ++tries % 2 == 1 ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "reset") : StubHandler.Json(StubHandler.NamespaceJson("x"));
        using var handler = new StubHandler(Answer);
        using var client = handler.NewClient(options: Quick);

        await client.GetAsync<V1Namespace>("x", null, default);
        tries.Should().Be(2);

        var act = () => client.CreateAsync(StubHandler.NewNamespace("x"), default);
        var error = (await act.Should().ThrowAsync<KubeConnectionException>()).Which;
        error.MayHaveHappened.Should().BeTrue();
        error.Message.Should().Contain("The write may have succeeded");
        tries.Should().Be(3);
    }

    [Fact]
    public async Task A_write_that_never_left_is_sent_again()
    {
        var tries = 0;
        using var handler = new StubHandler(_ => ++tries < 3
            ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused", new SocketException((int)SocketError.ConnectionRefused))
            : StubHandler.Json(StubHandler.NamespaceJson("x")));
        await handler.NewClient(options: Quick).CreateAsync(StubHandler.NewNamespace("x"), default);
        tries.Should().Be(3);
    }

    [Fact]
    public async Task After_the_last_try_the_error_is_the_servers()
    {
        using var handler = new StubHandler(_ => StubHandler.Status(429, "TooManyRequests", "slow down"));
        var act = () => handler.NewClient(options: Quick).GetAsync<V1Namespace>("x", null, default);
        (await act.Should().ThrowAsync<KubeApiException>()).Which.IsTooManyRequests.Should().BeTrue();
        handler.Requests.Should().HaveCount(5);
    }

    [Fact]
    public async Task The_wait_is_the_one_that_the_server_names()
    {
        var time = new FakeClock();
        var tries = 0;
        using var handler = new StubHandler(_ => ++tries < 2 ? StubHandler.Status(429, "x", retryAfter: 4) : StubHandler.Json(StubHandler.NamespaceJson("x")));
        var get = handler.NewClient(time).GetAsync<V1Namespace>("x", null, default);
        await time.WhenTimerArmedSince(1);

        time.Advance(TimeSpan.FromSeconds(3.9));
        tries.Should().Be(1);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await Within.SafetyAsync(get, "the second try after 4 s");
        tries.Should().Be(2);
    }

    [Fact]
    public async Task A_wait_past_the_deadline_is_not_begun()
    {
        var time = new FakeClock();
        using var handler = new StubHandler(_ => StubHandler.Status(429, "x", retryAfter: 11));
        var act = () => Within.SafetyAsync(handler.NewClient(time).GetAsync<V1Namespace>("x", null, default), "the error at once, without time moving");
        (await act.Should().ThrowAsync<KubeApiException>()).Which.RetryAfter.Should().Be(TimeSpan.FromSeconds(11));
        handler.Requests.Should().HaveCount(1);
    }

    [Fact]
    public async Task Cancelling_in_the_middle_of_a_wait_ends_it()
    {
        var time = new FakeClock();
        using var cancel = new CancellationTokenSource();
        using var handler = new StubHandler(_ => StubHandler.Status(429, "x", retryAfter: 4));
        var get = handler.NewClient(time).GetAsync<V1Namespace>("x", null, cancel.Token);
        await time.WhenTimerArmedSince(1);
        await cancel.CancelAsync();
        await get.Invoking(g => Within.SafetyAsync(g, "the end of the wait")).Should().ThrowAsync<OperationCanceledException>();
    }
}
