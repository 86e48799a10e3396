using BreakGlass.Operator.Admission;
using FluentAssertions;
using Kube.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Simulation;
using TestKit;
using TestKit.Builders;
using Xunit;

namespace BreakGlass.Operator.Tests.Admission;

/// <summary>What cannot be decided is refused, in time and with a sentence.</summary>
public sealed class FailClosedTests
{
    private readonly FakeClock _clock = new();

    // With webhook.timeoutSeconds below 5, the API server stopped waiting before the operator's refusal came; above it, requests were refused too early.
    [Theory]
    [InlineData("5s", 0, 4000)]
    [InlineData("30s", 0, 29_000)]
    [InlineData("10s", 2000, 7000)]
    [InlineData("3s", 0, 2400)]
    [InlineData("1s", 0, 800)]
    [InlineData("5m", 0, 29_000)]
    [InlineData(null, 0, 4000)]
    [InlineData("", 0, 4000)]
    [InlineData("0s", 0, 4000)]
    [InlineData("-3s", 0, 4000)]
    [InlineData("soon", 1000, 3000)]
    [InlineData("99999999999999999999s", 0, 4000)]
    public async Task The_refusal_comes_shortly_before_the_API_server_stops_waiting(string? timeout, int spent, int milliseconds)
    {
        var answer = AskAsync(new(timeout, TimeSpan.FromMilliseconds(spent)));
        _clock.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        answer.IsCompleted.Should().BeFalse("there was time left");
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        (await answer.Soon("the refusal")).Should().Match<AdmissionAnswer>(a => !a.Allowed && a.Code == 503);
    }

    [Fact]
    public async Task A_request_that_waited_too_long_to_be_decided_is_refused_at_once() =>
        (await AskAsync(new("5s", TimeSpan.FromSeconds(6))).Soon("the refusal")).Should().Match<AdmissionAnswer>(a => !a.Allowed && a.Code == 503);

    // On a busy machine, the log of a new replica said that it had refused a grant named "warm-up", which nobody had asked for.
    [Theory]
    [InlineData("own", false)]
    [InlineData("u-1", true)]
    public async Task That_the_operators_own_request_could_not_be_checked_is_not_logged_as_a_refusal(string uid, bool logged)
    {
        using var logs = new LogBook();
        var decide = new FailClosed(_clock, logs.CreateLogger("Admission")) { OwnUid = "own" }
            .Around((_, _) => throw new NotReadyException("the operator has not read the cluster's roles since it started"));

        var answer = await decide(WebhookHarness.Request(A.Grant(), null, WebhookHarness.User("alice")) with { Uid = uid }, default);

        answer.Code.Should().Be(503);
        logs.Lines.Any(line => line.Contains("could not be checked", StringComparison.Ordinal)).Should().Be(logged);
        logs.Lines.Any().Should().Be(logged);
    }

    private Task<AdmissionAnswer> AskAsync(AdmissionWait wait)
    {
        var never = new TaskCompletionSource<AdmissionAnswer>();
        var slow = new FailClosed(_clock, NullLogger.Instance).Around(async (_, token) => await never.Task.WaitAsync(token));
        return slow(WebhookHarness.Request(A.Grant(), null, WebhookHarness.User("alice")) with { Wait = wait }, default).AsTask();
    }
}
