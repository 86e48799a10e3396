using FluentAssertions;
using k8s.Models;
using TestKit;
using Xunit;

namespace Kube.Client.Tests;

public class ServerClockTests
{
    // The server's Date is in whole seconds.
    private static readonly DateTimeOffset Start = new(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);

    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_skew_is_the_middle_of_the_request_against_the_middle_of_the_servers_second()
    {
        var clock = new ServerClock();
        var seen = new List<TimeSpan>();
        clock.Observed += sample => seen.Add(sample.Skew);

        Observe(clock, Noon.AddSeconds(40), Noon.AddSeconds(41));

        clock.Skew.Should().Be(TimeSpan.FromSeconds(40));
        seen.Should().Equal(TimeSpan.FromSeconds(40));
    }

    [Theory]
    [InlineData(0, 6)] // answered too late to say when it was written
    [InlineData(0, -3600)] // our own clock was set back meanwhile
    [InlineData(0, 3600)] // our own clock was set forward meanwhile
    public void A_request_that_says_nothing_about_the_skew_is_left_out(int sent, int received)
    {
        var clock = new ServerClock();
        Observe(clock, Noon.AddSeconds(sent), Noon.AddSeconds(received));
        clock.Skew.Should().BeNull();
    }

    [Fact]
    public async Task A_proxys_own_error_page_says_nothing_about_the_servers_clock()
    {
        var time = new FakeClock(Start);
        using var handler = new StubHandler(_ =>
        {
            var page = new HttpResponseMessage(
                System.Net.HttpStatusCode.BadGateway) { Content = new StringContent("<html>", System.Text.Encoding.UTF8, "text/html") };
            page.Headers.Date = Start.AddDays(1);
            return page;
        });
        using var client = handler.NewClient(time);

        await client.Invoking(c => c.GetAsync<V1Namespace>("x", null, default)).Should().ThrowAsync<KubeApiException>();

        client.Clock.Skew.Should().BeNull();
    }

    [Fact]
    public async Task Every_answer_feeds_it_errors_too_but_no_watch()
    {
        var time = new FakeClock(Start);
        using var handler = new StubHandler(s =>
        {
            var response = s.PathAndQuery.Contains("watch", StringComparison.Ordinal) ? StubHandler.Stream(Stream.Null) : StubHandler.Status(404, "NotFound");
            response.Headers.Date = Start.AddSeconds(-30);
            return response;
        });
        using var client = handler.NewClient(time);
        await Within.ListAsync(client.WatchAsync<V1Namespace>(new(), default), "the watch to end");
        client.Clock.Skew.Should().BeNull();

        await client.TryGetAsync<V1Namespace>("x", null, default);

        client.Clock.Skew.Should().Be(TimeSpan.FromSeconds(29.5));
        client.WithOwnConnection().Clock.Should().BeSameAs(client.Clock);
    }

    [Fact]
    public async Task A_sample_says_over_which_connections_it_came()
    {
        // Behind a load balancer a connection stays with one API server: two that agree may be two servers, one that agrees with itself is one.
        var time = new FakeClock(Start);
        using var handler = new StubHandler(_ =>
        {
            var response = StubHandler.Status(404, "NotFound");
            response.Headers.Date = Start;
            return response;
        });
        using var client = handler.NewClient(time);
        using var other = client.WithOwnConnection();
        var seen = new List<object>();
        client.Clock.Observed += sample => seen.Add(sample.Connection);

        foreach (var one in new[] { client, client, other }) await one.TryGetAsync<V1Namespace>("x", null, default);

        seen[1].Should().BeSameAs(seen[0]);
        seen[2].Should().NotBeSameAs(seen[0]);
    }

    private static void Observe(ServerClock clock, DateTimeOffset sent, DateTimeOffset received) => clock.Observe(Noon, (sent, 0), (received, 0), clock);
}
