using System.Collections.Concurrent;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;
using static Kube.Runtime.Tests.Objects;

namespace Kube.Runtime.Tests.Caching;

public sealed class InformerTests : IAsyncLifetime, IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly ScriptedSource _server = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Change<V1Namespace>> _changes = new();
    private readonly Signal _changed = new();
    private Informer<V1Namespace> _informer;
    private Task _run = Task.CompletedTask;

    public InformerTests() => _informer = New(new());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.Soon("the informer to stop");
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task It_has_synced_only_when_the_handlers_were_told_the_initial_list()
    {
        var gate = new ManualResetEventSlim();
        _informer.AddHandler(Note);
        _informer.AddHandler(_ => gate.Wait(Eventually.Limit));
        Start();
        _informer.HasSynced.Should().BeFalse();
        (await _server.NextList()).Return(7, Ns("a", 1), Ns("b", 2));
        await _server.NextWatch();
        await Told(2);

        _informer.Store.Count.Should().Be(2);
        _informer.HasSynced.Should().BeFalse("one handler is still busy with the list");
        gate.Set();
        await _informer.WaitForSyncAsync(default).Soon("the sync");
        _informer.HasSynced.Should().BeTrue();
        _changes.Should().OnlyContain(c => c.Kind == ChangeKind.Added && c.IsInitialList);
    }

    [Fact]
    public async Task A_list_that_cannot_be_had_for_two_minutes_makes_it_unhealthy()
    {
        Start();
        await _server.NextList();
        _informer.IsHealthy.Should().BeTrue();
        _clock.Advance(Informer<V1Namespace>.ListsWithin + TimeSpan.FromSeconds(1));
        _informer.IsHealthy.Should().BeFalse("the first list is still awaited");
    }

    [Fact]
    public async Task A_handler_that_comes_late_is_told_what_is_there()
    {
        Start();
        (await _server.NextList()).Return(7, Ns("a", 1));
        var watch = await _server.NextWatch();
        await _informer.WaitForSyncAsync(default).Soon("the sync");

        _informer.AddHandler(Note);
        await _informer.WaitForSyncAsync(default).Soon("the late handler's sync");
        watch.Modified(Ns("a", 8));
        await Told(2);

        _changes.First().Should().BeEquivalentTo(new Change<V1Namespace>(ChangeKind.Added, Ns("a", 1), IsInitialList: true));
        _changes.Last().IsInitialList.Should().BeFalse();
    }

    [Fact]
    public async Task The_store_is_written_before_the_handler_is_called()
    {
        string? seen = null;
        _informer.AddHandler(change =>
        {
            seen = _informer.Store.Get(change.Object.Key)?.Metadata.ResourceVersion;
            Note(change);
        });
        Start();
        (await _server.NextList()).Return(7);
        (await _server.NextWatch()).Added(Ns("a", 8));
        await Told(1);

        seen.Should().Be("8");
    }

    [Fact]
    public async Task A_handler_that_throws_gets_the_next_change_and_harms_nobody()
    {
        _informer.AddHandler(change =>
        {
            Note(change);
            throw new InvalidOperationException("boom");
        });
        Start();
        (await _server.NextList()).Return(7, Ns("a", 1));
        var watch = await _server.NextWatch();
        watch.Added(Ns("b", 8));
        watch.Deleted(Ns("b", 9));
        await Told(3);

        _informer.HasSynced.Should().BeTrue();
        _informer.Store.Count.Should().Be(1);
    }

    [Fact]
    public async Task A_stuck_handler_holds_up_neither_the_store_nor_another_handler()
    {
        using var gate = new ManualResetEventSlim();
        _informer.AddHandler(_ => gate.Wait(Eventually.Limit));
        _informer.AddHandler(Note);
        Start();
        (await _server.NextList()).Return(7);
        var watch = await _server.NextWatch();
        for (var i = 0; i < 100; i++) watch.Added(Ns($"n{i}", 10 + i));
        await Told(100);

        _informer.Store.Count.Should().Be(100);
        gate.Set();
    }

    [Fact]
    public async Task Our_own_write_is_told_when_the_watch_shows_it_as_an_update_to_the_same_version()
    {
        _informer.AddHandler(Note);
        Start();
        (await _server.NextList()).Return(7, Ns("a", 1));
        var watch = await _server.NextWatch();
        _informer.Store.Learn(Ns("a", 8));
        watch.Modified(Ns("a", 8));
        await Told(2);

        _changes.Last().IsSameVersion.Should().BeTrue();
    }

    [Fact]
    public async Task Waiting_for_a_sync_that_does_not_come_ends_with_the_callers_cancellation()
    {
        Start();
        await _server.NextList();
        using var impatient = new CancellationTokenSource();
        var waiting = _informer.WaitForSyncAsync(impatient.Token);
        await impatient.CancelAsync();

        await ((Func<Task>)(() => waiting)).Should().ThrowAsync<OperationCanceledException>();
    }

    private Informer<V1Namespace> New(InformerOptions<V1Namespace> options) => new(_ => _server.Source, options, _clock, NullLogger.Instance, () => 0);

    private void Start() => _run = _informer.RunAsync(_stop.Token);

    private void Note(Change<V1Namespace> change)
    {
        _changes.Enqueue(change);
        _changed.Raise();
    }

    private Task Told(int count) => _changed.Until(() => _changes.Count >= count, $"change {count}", () => $"there were {_changes.Count}");
}
