using System.Collections.Concurrent;
using System.Net;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Caching;

/// <summary>With a random factor of nought, so that the waits are 800 ms, 1.6 s, 3.2 s… and a watch lasts 300 s.</summary>
public sealed class ReflectorTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(800);

    private readonly FakeClock _clock = new();
    private readonly ScriptedSource _server = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Informer<V1Namespace> _informer;
    private Task _run = Task.CompletedTask;

    public ReflectorTests() => _informer = new(_ => _server.Source, new(), _clock, NullLogger.Instance, () => 0);

    public Task InitializeAsync()
    {
        _run = _informer.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.Soon("the informer to stop");
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task The_first_list_takes_what_the_servers_cache_has_and_the_watch_goes_on_from_it()
    {
        var list = await _server.NextList();
        list.Version.Should().Be("0");
        list.Return(7, Ns("a", 5));

        var watch = await _server.NextWatch();
        watch.Version.Should().Be("7");
        watch.Timeout.Should().Be(TimeSpan.FromSeconds(300));
        _informer.Store.Get(Key("a")).Should().NotBeNull();
    }

    [Fact]
    public async Task A_watch_that_ends_in_order_is_taken_up_at_once_from_the_last_event()
    {
        var watch = await Listed(7);
        watch.Added(Ns("a", 9));
        watch.Deleted(Ns("a", 12));
        watch.End();

        (await _server.NextWatch()).Version.Should().Be("12");
    }

    [Fact]
    public async Task A_bookmark_moves_the_version_on_without_a_change()
    {
        var watch = await Listed(7);
        watch.Bookmark(500);
        watch.End();

        (await _server.NextWatch()).Version.Should().Be("500");
        _informer.Store.Count.Should().Be(0);
    }

    [Fact]
    public async Task A_watch_that_the_server_ends_after_its_time_without_an_event_is_taken_up_at_once()
    {
        var watch = await Listed(7);
        _clock.Advance(TimeSpan.FromSeconds(300));
        watch.End();

        (await _server.NextWatch()).Version.Should().Be("7");
    }

    [Fact]
    public async Task A_very_short_watch_without_an_event_goes_through_back_off_and_lists_anew()
    {
        var watch = await Listed(7);
        watch.End();

        await WaitsFor(FirstWait);
        var list = await _server.NextList();
        list.Version.Should().Be("7", "a list not older than what is known");
        list.Return(8);
        (await _server.NextWatch()).End();
        await WaitsFor(FirstWait * 2);
    }

    [Fact]
    public async Task A_version_that_is_gone_is_listed_anew_at_once_and_from_etcd()
    {
        var watch = await Listed(7);
        watch.Added(Ns("a", 9));
        watch.Fail(ScriptedSource.Gone);

        var list = await _server.NextList();
        list.Version.Should().Be("");
        list.Return(50, Ns("b", 40));
        (await _server.NextWatch()).Version.Should().Be("50");
        _informer.Store.List().Select(o => o.Metadata.Name).Should().Equal("b");
    }

    [Fact]
    public async Task A_version_that_is_gone_again_and_again_makes_no_hot_loop()
    {
        (await Listed(7)).Fail(ScriptedSource.Gone);
        (await _server.NextList()).Return(8);
        (await _server.NextWatch()).Fail(ScriptedSource.Gone);

        await WaitsFor(FirstWait);
        (await _server.NextList()).Version.Should().Be("");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_list_at_a_version_the_server_does_not_have_is_asked_at_once_from_etcd(bool tooLarge)
    {
        (await Listed(7)).Fail(ScriptedSource.Error(HttpStatusCode.InternalServerError, "InternalError"));
        await WaitsFor(FirstWait);
        var list = await _server.NextList();
        list.Version.Should().Be("7");
        list.Fail(tooLarge ? ScriptedSource.TooLarge : ScriptedSource.Gone);

        list = await _server.NextList();
        list.Version.Should().Be("");
        list.Return(3);
        (await _server.NextWatch()).Fail(ScriptedSource.Error(HttpStatusCode.InternalServerError, "InternalError"));
        await WaitsFor(FirstWait * 2);
        (await _server.NextList()).Version.Should().Be("3", "the good list has cleared the flag");
    }

    [Fact]
    public async Task An_error_event_ends_the_watch_and_lists_anew_after_a_wait()
    {
        var watch = await Listed(7);
        watch.Added(Ns("a", 9));
        watch.Fail(ScriptedSource.Error(HttpStatusCode.InternalServerError, "InternalError"));

        await WaitsFor(FirstWait);
        (await _server.NextList()).Version.Should().Be("9");
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_or_asks_for_patience_is_watched_again_later_without_a_list()
    {
        (await Listed(7)).Fail(ScriptedSource.Broken(ConnectionFailure.Refused));
        await WaitsFor(FirstWait);
        (await _server.NextWatch()).Fail(ScriptedSource.TooMany);
        await WaitsFor(FirstWait * 2);

        (await _server.NextWatch()).Version.Should().Be("7");
        _server.IsQuiet.Should().BeTrue();
    }

    [Fact]
    public async Task A_watch_closed_under_load_after_events_goes_on_from_the_last_one_and_nothing_is_lost()
    {
        // The server cuts off a watcher that falls behind; what it had not sent comes with the next watch.
        var watch = await Listed(7);
        for (var i = 0; i < 1000; i++) watch.Added(Ns($"n{i}", 10 + i));
        _clock.Advance(TimeSpan.FromSeconds(2));
        watch.Fail(ScriptedSource.Broken(ConnectionFailure.Reset));

        watch = await _server.NextWatch();
        watch.Version.Should().Be("1009");
        for (var i = 1000; i < 2000; i++) watch.Added(Ns($"n{i}", 10 + i));
        watch.End();
        await _server.NextWatch();
        _informer.Store.Count.Should().Be(2000);
    }

    [Fact]
    public async Task A_failing_list_backs_off_up_to_the_cap_and_starts_anew_after_two_quiet_minutes()
    {
        foreach (var seconds in new[] { 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30 })
        {
            (await _server.NextList()).Fail(ScriptedSource.Broken(ConnectionFailure.Refused));
            await WaitsFor(TimeSpan.FromSeconds(seconds));
        }

        (await _server.NextList()).Return(7);
        var watch = await _server.NextWatch();
        _clock.Advance(TimeSpan.FromMinutes(3));
        watch.Fail(ScriptedSource.TooMany);
        await WaitsFor(FirstWait);
    }

    [Fact]
    public async Task A_handler_is_told_of_an_object_that_was_deleted_unseen()
    {
        var changes = new ConcurrentQueue<Change<V1Namespace>>();
        var changed = new Signal();
        _informer.AddHandler(change =>
        {
            changes.Enqueue(change);
            changed.Raise();
        });
        (await _server.NextList()).Return(7, Ns("a", 5));
        (await _server.NextWatch()).Fail(ScriptedSource.Gone);
        (await _server.NextList()).Return(9);
        await changed.Until(() => changes.Count == 2, "the deletion to be told");

        changes.Last().Should().BeEquivalentTo(new Change<V1Namespace>(ChangeKind.Deleted, Ns("a", 5), FinalStateUnknown: true));
    }

    [Fact]
    public async Task A_silent_server_makes_the_informer_unhealthy_after_twice_the_longest_watch()
    {
        var watch = await Listed(7);
        _clock.Advance(TimeSpan.FromMinutes(9));
        watch.Bookmark(8);
        watch.End();
        watch = await _server.NextWatch();

        // Now nothing comes any more; only our own deadline ends the watches.
        for (var i = 0; i < 2; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(330));
            _informer.IsHealthy.Should().BeTrue();
            watch.End();
            watch = await _server.NextWatch();
        }

        _clock.Advance(TimeSpan.FromMinutes(20) - TimeSpan.FromSeconds(660));
        _informer.IsHealthy.Should().BeTrue();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _informer.IsHealthy.Should().BeFalse();

        watch.Bookmark(9);
        watch.End();
        await _server.NextWatch();
        _informer.IsHealthy.Should().BeTrue();
    }

    private async Task<ScriptedSource.WatchCall> Listed(int version)
    {
        (await _server.NextList()).Return(version);
        return await _server.NextWatch();
    }

    private async Task WaitsFor(TimeSpan wait)
    {
        await _clock.WhenTimerArmed(wait);
        _server.IsQuiet.Should().BeTrue();
        _clock.Advance(wait);
    }
}
