using System.Text;
using FluentAssertions;
using k8s.Models;
using Kube.Client;
using Microsoft.Extensions.Logging.Abstractions;
using TestKit;
using Xunit;

namespace Kube.Runtime.Tests.Events;

public sealed class EventRecorderTests : IAsyncLifetime, IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly FakeApiServer _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly EventRecorder _recorder;
    private Task _run = Task.CompletedTask;

    public EventRecorderTests()
    {
        _server = new(_clock);
        _recorder = New(new() { Controller = "breakglass.dev/operator", Instance = new string('x', 200) });
    }

    private IReadOnlyList<Eventsv1Event> Written => _server.List<Eventsv1Event>();

    public Task InitializeAsync()
    {
        // Without xunit's synchronisation context, so that ticks happen where the clock is advanced.
        _run = Task.Run(() => _recorder.RunAsync(_stop.Token));
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.Soon("the recorder to stop");
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task A_note_becomes_an_event_of_the_current_api()
    {
        _recorder.Record(Note("it runs", name: "team-a") with { Related = new() { Kind = "Policy", Name = "p" } });
        await Flush();

        var e = Written.Should().ContainSingle().Subject;
        e.Metadata.Name.Should().MatchRegex("^team-a\\.[0-9a-f]{16}$");
        e.Metadata.NamespaceProperty.Should().Be("default");
        e.EventTime.Should().Be(_clock.GetUtcNow().UtcDateTime);
        e.ReportingController.Should().Be("breakglass.dev/operator");
        e.ReportingInstance.Should().HaveLength(126, "it is cut to 128 bytes, an ellipsis of three among them");
        (e.Type, e.Reason, e.Action, e.Note).Should().Be(("Normal", "Activated", "Activate", "it runs"));
        e.Regarding!.Name.Should().Be("team-a");
        e.Related!.Name.Should().Be("p");
        e.Series.Should().BeNull();
    }

    [Fact]
    public async Task An_event_about_a_namespaced_object_lives_beside_it()
    {
        _server.CreateNamespace("prod");
        _recorder.Record(Note("x") with { Regarding = new() { Kind = "Secret", NamespaceProperty = "prod", Name = "s" } });
        await Flush();

        Written.Single().Metadata.NamespaceProperty.Should().Be("prod");
    }

    [Fact]
    public async Task Events_at_the_same_instant_and_on_names_that_no_event_may_have_get_names_of_their_own()
    {
        _recorder.Record(Note("1", reason: "A"));
        _recorder.Record(Note("2", reason: "B"));
        _recorder.Record(Note("3", name: "system:node"));
        await Flush();

        Written.Select(e => e.Metadata.Name).Should().OnlyHaveUniqueItems().And.HaveCount(3).And.NotContain(n => n.Contains(':'));
    }

    [Fact]
    public async Task The_same_again_is_a_series_of_which_only_the_second_is_written_at_once()
    {
        for (var i = 1; i <= 5; i++)
        {
            _recorder.Record(Note($"try {i}"));
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        await _server.Until(() => Written is [{ Series: not null }], "the series");
        Written.Single().Series!.Count.Should().Be(2);
        Written.Single().Note.Should().Be("try 1");

        await Flush();
        Written.Single().Series!.Count.Should().Be(5);
        Written.Single().Series!.LastObservedTime.Should().Be((_clock.GetUtcNow() - TimeSpan.FromSeconds(1)).UtcDateTime);
    }

    [Fact]
    public async Task Notes_that_are_told_apart_are_events_of_their_own_and_each_has_its_series()
    {
        foreach (var binding in (string[])["a", "b", "a"]) _recorder.Record(Note(binding) with { Distinct = binding });
        await Flush();

        Written.Select(e => (e.Note, e.Series?.Count)).Should().BeEquivalentTo([("a", (int?)2), ("b", null)]);
    }

    [Fact]
    public async Task Three_thousand_notes_about_one_object_that_are_told_apart_become_six_events()
    {
        for (var i = 0; i < 3000; i++) _recorder.Record(Note($"try {i}") with { Distinct = $"{i % 544}" });
        await Flush();

        Written.Should().HaveCount(6);
        Written.Sum(e => e.Series?.Count ?? 1).Should().Be(3000);
        Written.Should().ContainSingle(e => e.Note!.Contains("similar events"));
    }

    [Fact]
    public async Task Notes_about_more_objects_than_are_counted_take_the_place_of_the_oldest_whose_count_is_written()
    {
        var recorder = New(new() { Controller = "breakglass.dev/operator", Instance = "pod", Senders = 1 });
        var run = Task.Run(() => recorder.RunAsync(_stop.Token));
        for (var i = 0; i < 3; i++) recorder.Record(Note("x"));
        for (var i = 0; i < EventSender.MostSeries; i++) recorder.Record(Note("x", name: $"team-{i}"));
        recorder.Record(Note("x"));
        await recorder.FlushAsync(default).Soon("the flush");

        Written.Where(e => e.Regarding!.Name == "team-a").Select(e => e.Series?.Count).Should().BeEquivalentTo([3, (int?)null]);
        Written.Should().HaveCount(EventSender.MostSeries + 2, "nothing is lost");
        await _stop.CancelAsync();
        await run.Soon("the recorder to stop");
    }

    [Fact]
    public async Task A_series_is_finished_with_its_last_count_after_six_quiet_minutes_and_the_next_is_a_new_event()
    {
        for (var i = 0; i < 3; i++) _recorder.Record(Note("x"));
        await _server.Until(() => Written is [{ Series.Count: 2 }], "the series");

        await Tick();
        await _server.Until(() => Written is [{ Series.Count: 3 }], "the last count");

        _recorder.Record(Note("x"));
        await Flush();
        Written.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_long_series_is_refreshed_every_half_hour()
    {
        _recorder.Record(Note("x"));
        _recorder.Record(Note("x"));
        await _server.Until(() => Written is [{ Series.Count: 2 }], "the series");
        await Flush();
        await _clock.WhenTimerArmed(EventRecorder.FinishAfter);
        for (var minutes = 2; minutes <= 30; minutes += 2)
        {
            _clock.Advance(TimeSpan.FromMinutes(2));
            _recorder.Record(Note("x"));
            if (minutes < 30) _server.Requests.All.Count(r => r.Call.Verb == "patch").Should().Be(1);
        }

        // The fifteenth was recorded after the half hour struck.
        await _server.Until(() => Written is [{ Series.Count: 16 }], "the refreshed count");
        _server.Requests.All.Count(r => r.Call.Verb == "patch").Should().Be(2);
    }

    [Fact]
    public async Task A_series_that_outlives_its_event_makes_it_anew()
    {
        _recorder.Record(Note("x"));
        await Flush();
        _server.Remove<Eventsv1Event>(Written.Single().Metadata.Name, "default");
        _recorder.Record(Note("x"));
        await Flush();

        Written.Single().Series!.Count.Should().Be(2);
    }

    [Fact]
    public async Task A_server_out_of_reach_is_tried_again_and_a_lost_answer_makes_no_second_event()
    {
        _server.Faults.Inject(Fault.LostAnswer, "create", "events");
        _server.Faults.Inject(Fault.Unavailable, "create", "events", after: 1);
        _recorder.Record(Note("x"));

        foreach (var seconds in new[] { 0.75, 1.5 })
        {
            await _clock.WhenTimersArmed(t => t.Contains(TimeSpan.FromSeconds(seconds)), "the pause before the next try");
            _clock.Advance(TimeSpan.FromSeconds(seconds));
        }

        await Flush();
        Written.Should().ContainSingle();
    }

    /// <summary>
    /// A soak found activations without an event: an outage had refused one, the next ones waited ten seconds behind it, and the process was killed meanwhile.
    /// </summary>
    [Fact]
    public async Task After_an_outage_the_first_tries_come_soon_and_an_event_is_given_up_as_late_as_in_client_go()
    {
        _server.Faults.Inject(Fault.Unavailable, "create", "events", times: 15);
        _recorder.Record(Note("x"));

        foreach (var seconds in new[] { 0.75, 1.5, 3, 6 }.Concat(Enumerable.Repeat(7.5, 10)))
        {
            await _clock.WhenTimersArmed(t => t.Contains(TimeSpan.FromSeconds(seconds)), "the pause before the next try");
            _clock.Advance(TimeSpan.FromSeconds(seconds));
        }

        await Flush();
        Written.Should().BeEmpty();
        _recorder.Record(Note("y"));
        await Flush();
        Written.Should().ContainSingle().Which.Note.Should().Be("y");
    }

    [Fact]
    public async Task An_event_that_meets_an_API_server_which_does_not_know_the_token_yet_is_written_later()
    {
        using var rule = _server.Faults.Inject(Fault.Unauthorized, "create", "events");
        _recorder.Record(Note("x", reason: "Early"));
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(0.75));
        Written.Should().BeEmpty();
        _clock.Advance(TimeSpan.FromSeconds(0.75));
        await Flush();

        Written.Should().ContainSingle();
    }

    [Fact]
    public async Task A_refused_event_is_dropped_and_holds_up_nothing()
    {
        using var rule = _server.Faults.Inject(Fault.Forbidden, "create", "events");
        _recorder.Record(Note("x", reason: "Refused"));
        await Flush();
        _recorder.Record(Note("x", reason: "Refused"));
        await Flush();

        Written.Single().Series.Should().BeNull("the first was never written, so there is no series");
    }

    [Fact]
    public async Task Notes_wait_a_moment_so_that_the_work_they_tell_of_goes_first_and_then_go_together()
    {
        using var stop = new CancellationTokenSource();
        var patient = New(new() { Controller = "c", Instance = "i", Senders = 1, Linger = TimeSpan.FromMilliseconds(250) });
        var run = Task.Run(() => patient.RunAsync(stop.Token));
        patient.Record(Note("x", reason: "R1"));
        patient.Record(Note("x", reason: "R2"));
        await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(250));
        Written.Should().BeEmpty();

        _clock.Advance(TimeSpan.FromMilliseconds(250));
        await _server.Until(() => Written.Count == 2, "both events");
        await stop.CancelAsync();
        await run.Soon("the end");
    }

    [Fact]
    public async Task A_flush_does_not_wait_and_what_comes_after_it_does_again()
    {
        using var stop = new CancellationTokenSource();
        var patient = New(new() { Controller = "c", Instance = "i", Senders = 1, Linger = TimeSpan.FromMilliseconds(250) });
        var run = Task.Run(() => patient.RunAsync(stop.Token));
        patient.Record(Note("x", reason: "R1"));
        await patient.FlushAsync(default).Soon("the flush");
        Written.Should().ContainSingle();

        patient.Record(Note("x", reason: "R2"));
        await _clock.WhenTimerArmed(TimeSpan.FromMilliseconds(250));
        Written.Should().ContainSingle();
        await stop.CancelAsync();
        await run.Soon("the end");
    }

    [Fact]
    public async Task A_full_queue_drops_and_never_blocks()
    {
        var idle = New(new() { Controller = "c", Instance = "i", QueueSize = 4, Senders = 1 });
        for (var i = 0; i < 100; i++) idle.Record(Note("x", reason: $"R{i}"));

        using var stop = new CancellationTokenSource();
        var run = idle.RunAsync(stop.Token);
        await idle.FlushAsync(default).Soon("the flush");
        await stop.CancelAsync();
        await run.Soon("the end");
        Written.Should().HaveCount(4);
    }

    [Fact]
    public async Task A_flush_ends_with_the_callers_deadline()
    {
        _server.Faults.Inject(Fault.Refused, times: null);
        _recorder.Record(Note("x"));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5), _clock);
        var flush = _recorder.FlushAsync(deadline.Token);
        await _clock.WhenTimersArmed(t => t.Contains(TimeSpan.FromSeconds(0.75)), "the pause before the next try");
        _clock.Advance(TimeSpan.FromSeconds(5));

        await flush.Invoking(async f => await f.Soon("the end")).Should().ThrowAsync<OperationCanceledException>();
    }

    [Theory]
    [InlineData("short", "short")]
    [InlineData("äöü", "äöü")]
    public void A_short_note_stays(string note, string expected) => EventText.Cut(note, EventText.NoteBytes).Should().Be(expected);

    [Theory]
    [InlineData("a")]
    [InlineData("ä")]
    [InlineData("€")]
    [InlineData("🔐")]
    public void A_long_note_is_cut_between_characters(string character)
    {
        var cut = EventText.Cut(string.Concat(Enumerable.Repeat(character, 2000)), EventText.NoteBytes);

        Encoding.UTF8.GetByteCount(cut).Should().BeInRange(EventText.NoteBytes - 3, EventText.NoteBytes);
        cut.Should().EndWith("…").And.NotContain("\ufffd");
        cut[..^1].Replace(character, "", StringComparison.Ordinal).Should().BeEmpty();
    }

    private static EventNote Note(string text, string reason = "Activated", string name = "team-a") => new()
    {
        Reason = reason, Action = "Activate", Note = text, Regarding = new() { ApiVersion = "v1", Kind = "Namespace", Name = name },
    };

    private EventRecorder New(EventRecorderOptions options) =>
        new(new KubeClient(_server.CreateHandler(), FakeApiServer.Address, _clock, new() { MaxTries = 1 }), options, _clock, NullLogger.Instance, () => 0);

    private Task Flush() => _recorder.FlushAsync(default).Soon("the flush");

    private async Task Tick()
    {
        // Alone: a request under way has its time-out on this clock, and moving on would end it.
        await _clock.WhenTimersArmed(t => t is [var only] && only == EventRecorder.FinishAfter, "the wait for the next round, and nothing else");
        _clock.Advance(EventRecorder.FinishAfter);
    }
}
