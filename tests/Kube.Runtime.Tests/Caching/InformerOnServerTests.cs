using System.Text.Json.Nodes;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Caching;

/// <summary>The whole way: informer, client, API server.</summary>
public sealed class InformerOnServerTests : IAsyncLifetime, IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly KubeClient _client;
    private readonly Informer<V1Namespace> _informer;
    private Task _run = Task.CompletedTask;

    public InformerOnServerTests()
    {
        _server = new(_clock, new() { Seed = false });
        _client = new(_server.CreateHandler(), FakeApiServer.Address, _clock);
        _informer = new(_client, new() { LabelSelector = "mine=yes" }, _clock, NullLogger.Instance, () => 0);
    }

    public async Task InitializeAsync()
    {
        Make("a");
        _server.CreateNamespace("foreign");
        _run = _informer.RunAsync(_stop.Token);
        await _informer.WaitForSyncAsync(default).Soon("the sync");
        await _server.Watches.WhenOpen("namespaces");
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.Soon("the informer to stop");
    }

    public void Dispose()
    {
        _stop.Dispose();
        _client.Dispose();
    }

    [Fact]
    public async Task It_follows_the_server()
    {
        Names.Should().Equal("a");
        Make("b");
        _server.Remove<V1Namespace>("a");
        await _server.Watches.WhenDrained();

        Names.Should().Equal("b");
    }

    /// <summary>Ten thousand of the largest grants are 300 MB, which no server gives from its cache in the time of a request.</summary>
    [Fact]
    public async Task A_list_that_is_too_much_for_one_answer_is_read_in_pages()
    {
        for (var i = 0; i < 150; i++) Make($"many-{i}");
        _server.Requests.Clear();
        var other = new Informer<V1Namespace>(_client, new() { LabelSelector = "mine=yes" }, _clock, NullLogger.Instance, () => 0);
        _server.Faults.Inject(Fault.Hang, "list", "namespaces");
        var run = other.RunAsync(_stop.Token);
        await _clock.WhenTimersArmed(t => t.Contains(TimeSpan.FromSeconds(10)), "the deadline of the list");
        _clock.Advance(TimeSpan.FromSeconds(10));
        await other.WaitForSyncAsync(default).Soon("the sync");

        other.Store.Count.Should().Be(151);
        var lists = _server.Requests.All.Where(r => r.Call.Verb == "list").Select(r => r.Call.Query).ToList();
        lists.Should().HaveCount(3);
        lists[0].Should().Contain("resourceVersion=0");
        lists[1].Should().Contain("limit=100").And.NotContain("resourceVersion");
        lists[2].Should().Contain("continue=");
        await _stop.CancelAsync();
        await run.Soon("the other informer to stop");
    }

    [Fact]
    public async Task A_broken_watch_is_taken_up_where_it_was()
    {
        _server.Requests.Clear();
        _server.Watches.Break();
        await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(800));
        Make("b");
        _clock.Advance(TimeSpan.FromMilliseconds(800));
        await NamesBecome("a", "b");

        _server.Requests.All.Should().NotContain(r => r.Call.Verb == "list");
    }

    [Fact]
    public async Task A_forgotten_history_is_listed_anew()
    {
        using (_server.Watches.HoldBack("namespaces"))
        {
            _server.Remove<V1Namespace>("a");
            Make("c");
            _server.Compact();
            Names.Should().Equal("a");
            _server.Watches.Expire();
            await NamesBecome("c");
        }
    }

    [Fact]
    public async Task A_list_that_is_taken_anew_needs_no_memory_for_what_did_not_change()
    {
        var held = _informer.Store.Get(Key("a"));
        using (_server.Watches.HoldBack("namespaces"))
        {
            Make("c");
            _server.Compact();
            _server.Watches.Expire();
            await NamesBecome("a", "c");
        }

        _informer.Store.Get(Key("a")).Should().BeSameAs(held);
    }

    [Fact]
    public async Task A_watch_that_went_silent_is_ended_by_the_clients_deadline_and_what_it_missed_is_caught_up()
    {
        using (_server.Watches.Silence("namespaces"))
        {
            Make("b");
            Names.Should().Equal("a");
        }

        // 300 s were asked for; the client allows 30 s more.
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(330));
        _clock.Advance(TimeSpan.FromSeconds(330));
        await NamesBecome("a", "b");
    }

    [Fact]
    public async Task A_stale_watch_does_not_take_back_our_own_write()
    {
        using (_server.Watches.HoldBack("namespaces"))
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["x"] = "1" } } };
            var written = await _client.MergePatchAsync<V1Namespace>("a", null, patch, default);
            _informer.Store.Learn(written);
            _informer.Store.Get(Key("a"))!.AnnotationsOrEmpty.Should().ContainKey("x");
        }

        await _server.Watches.WhenDrained();
        _informer.Store.Get(Key("a"))!.AnnotationsOrEmpty.Should().ContainKey("x");
    }

    private IEnumerable<string> Names => _informer.Store.List().Select(o => o.Metadata.Name).Order();

    private void Make(string name) => _server.CreateNamespace(name, ("mine", "yes"));

    private Task NamesBecome(params string[] names) => _server.Until(() => Names.SequenceEqual(names), $"the cache to hold {string.Join(", ", names)}");
}
