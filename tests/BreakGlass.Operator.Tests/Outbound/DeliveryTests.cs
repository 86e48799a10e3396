using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using BreakGlass.Operator.Notifications;
using BreakGlass.Operator.Outbound;
using BreakGlass.Operator.Tests.Notifications;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Outbound;

/// <summary>How deliveries, here notifications, get to receivers that answer late, badly or never.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit ends it by IAsyncLifetime, which disposes them")]
public sealed class DeliveryTests : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly LogBook _logs = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = OutboundHttp.Create();
    private readonly List<Task> _running = [];
    private readonly Signal _changed = new();
    private readonly List<string> _results = [];

    [Theory]
    [InlineData("Webhook", "/hook")]
    [InlineData("Slack", "/hook")]
    [InlineData("Teams", "/hook")]
    [InlineData("PagerDuty", "/hook")]
    [InlineData("Alertmanager", "/hook/api/v2/alerts")]
    public async Task A_receiver_of_each_type_gets_its_message(string type, string path)
    {
        await using var receiver = await Receiver.StartAsync();
        Start(receiver.Settings(Enum.Parse<ReceiverType>(type))).Offer(SampleNotifications.Activation());
        await CameOutAsync("delivered");
        var received = receiver.All.Should().ContainSingle().Subject;
        received.Path.Should().Be(path);
        received.Headers["Content-Type"].Should().Be("application/json");
        received.Body.Should().Contain("inc-4711");
    }

    [Fact]
    public async Task What_a_webhook_gets_can_be_verified_at_every_try_by_its_own_time()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers((503, "30"));
        Start(receiver.Settings(ReceiverType.Webhook)).Offer(SampleNotifications.Activation("msg-1"));
        await receiver.GotAsync(1);
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(30));
        _clock.Advance(TimeSpan.FromSeconds(30));
        await CameOutAsync("delivered");
        receiver.All.Should().HaveCount(2);
        foreach (var (received, time) in receiver.All.Zip([1795309323, 1795309353]))
        {
            received.Headers["webhook-id"].Should().Be("msg-1");
            received.Headers["webhook-timestamp"].Should().Be($"{time}");
            var signed = HMACSHA256.HashData(new byte[32], Encoding.UTF8.GetBytes($"msg-1.{time}.{received.Body}"));
            received.Headers["webhook-signature"].Should().Be($"v1,{Convert.ToBase64String(signed)}");
        }
    }

    [Theory]
    [InlineData(500, null, null)]
    [InlineData(429, "7", 7.0)]
    [InlineData(503, "Sun, 22 Nov 2026 01:02:13 GMT", 9.544)]
    [InlineData(429, "86400", 300.0)]
    public async Task A_failure_that_passes_is_tried_again_when_the_receiver_asks(int code, string? retryAfter, double? wait)
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers((code, retryAfter));
        Start(receiver.Settings(ReceiverType.Slack)).Offer(SampleNotifications.Activation());
        await receiver.GotAsync(1);
        await _clock.WhenTimersArmed(timers => timers is [var next]
            && (wait is null ? next < TimeSpan.FromSeconds(5) : next == TimeSpan.FromSeconds(wait.Value)), "the wait for the next try");
        receiver.All.Should().ContainSingle();
        _clock.AdvanceToNextTimer();
        await CameOutAsync("delivered");
        receiver.All.Should().HaveCount(2);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(302)]
    public async Task A_refusal_is_not_tried_again_and_the_next_one_is(int code)
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers((code, null));
        var delivery = Start(receiver.Settings(ReceiverType.Slack, path: "/T000/secret-part"));
        delivery.Offer(SampleNotifications.Activation());
        delivery.Offer(SampleNotifications.Lockdown);
        await CameOutAsync("failed", "delivered");
        receiver.All.Should().HaveCount(2);
        _logs.Lines.Should().ContainSingle(line => line.Contains($"receiver test (slack) did not accept GrantActivated of inc-4711: HTTP status {code}"));
        _logs.Lines.Should().NotContain(line => line.Contains("secret-part") || line.Contains("127.0.0.1"));
    }

    [Fact]
    public async Task A_dead_receiver_delays_nobody_else_and_is_given_up()
    {
        await using var dead = await Receiver.StartAsync(dead: true);
        await using var well = await Receiver.StartAsync();
        var (first, second) = (Start(dead.Settings(ReceiverType.Slack)), Start(well.Settings(ReceiverType.Teams)));
        foreach (var notification in new[] { SampleNotifications.Activation("1"), SampleNotifications.Activation("2"), SampleNotifications.Lockdown })
        {
            first.Offer(notification);
            second.Offer(notification);
        }

        await CameOutAsync("delivered", "delivered", "delivered");
        await dead.GotAsync(1);
        var end = _changed.Until(() => Results.Count >= 4, "the end of the tries");
        while (Results.Count < 4)
        {
            await Task.WhenAny(end, _clock.WhenTimerArmed("the time-out of a try, or the wait for the next"));
            if (Results.Count < 4) _clock.AdvanceToNextTimer();
        }

        await end;
        Results[3].Should().Be("failed");
        _clock.Elapsed.Should().BeLessThan(TimeSpan.FromMinutes(10));
        dead.All.Count.Should().BeLessThan(DeliveryRetry.Retries + 2, "the breaker leaves it alone for a while");
        _logs.Lines.Should().Contain(line => line.Contains("no answer within 10 s") && line.Contains("retrying in")).And
            .Contain(line => line.Contains("not called for 30 s"));
    }

    [Fact]
    public async Task Where_too_many_wait_the_oldest_goes_and_that_is_said()
    {
        await using var dead = await Receiver.StartAsync(dead: true);
        var delivery = Start(dead.Settings(ReceiverType.Slack), capacity: 3);
        delivery.Offer(SampleNotifications.Activation("0"));
        await dead.GotAsync(1);
        for (var i = 1; i <= 5; i++) delivery.Offer(SampleNotifications.Activation($"{i}") with { Name = $"inc-{i}" });
        Results.Should().Equal("dropped", "dropped");
        _logs.Lines.Should().ContainSingle(
            line => line.Contains("3 deliveries wait for receiver test (slack); dropped the oldest, GrantActivated of inc-1 (1 dropped so far)"));
        await _stop.CancelAsync();
        await Task.WhenAll(_running).Soon("the end of the worker");
        Results.Should().Equal(Enumerable.Repeat("dropped", 6), "what was under way and what waited is lost");
        _logs.Lines.Should().Contain(line => line.Contains("stopping with 4 deliveries"));
    }

    [Fact]
    public async Task What_waits_is_sent_before_the_end_and_nothing_after_it()
    {
        await using var receiver = await Receiver.StartAsync();
        var delivery = Start(receiver.Settings(ReceiverType.Webhook));
        delivery.Offer(SampleNotifications.Activation());
        delivery.Offer(SampleNotifications.Lockdown);
        delivery.Complete();
        await Task.WhenAll(_running).Soon("the end of a completed worker");
        Results.Should().Equal("delivered", "delivered");
        delivery.Offer(SampleNotifications.Lockdown);
        Results.Should().Equal("delivered", "delivered", "dropped");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).Soon("the end of the workers");
        _stop.Dispose();
        _http.Dispose();
    }

    private IReadOnlyList<string> Results
    {
        get { lock (_results) return [.. _results]; }
    }

    private Delivery<Notification> Start(ReceiverSettings settings, int capacity = 256)
    {
        var delivery = new Delivery<Notification>(Messages.Destination(settings, _http, _clock), Count, _clock, _logs.CreateLogger("Notifications"), capacity);
        _running.Add(Task.Run(() => delivery.RunAsync(_stop.Token)));
        return delivery;
    }

    private void Count(string result)
    {
        lock (_results) _results.Add(result);
        _changed.Raise();
    }

    private Task CameOutAsync(params string[] results) =>
        _changed.Until(() => Results.SequenceEqual(results), string.Join(", ", results), () => string.Join(", ", Results.Concat(_logs.Lines)));
}
