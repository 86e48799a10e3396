using System.Net;
using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Outbound;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>A sink gets every entry, in order, whatever fails on the way and however often the operator starts again.</summary>
public sealed class SinkWorkerTests : IDisposable
{
    private static readonly SinkSettings Settings = new() { Name = "siem", Type = SinkType.Webhook };

    private readonly SampleJournal _journal = new();
    private readonly FakeClock _clock = new();
    private readonly LogBook _logs = new();
    private readonly JournalHead _head = new();
    private readonly Signal _changed = new();
    private readonly List<string> _received = [];
    private readonly List<(string Result, int Count)> _results = [];

    /// <inheritdoc/>
    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task Entries_come_in_order_in_batches_and_the_position_is_kept()
    {
        _head.Set(await _journal.AppendAsync(600));
        await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), worker => worker.Position == 600 && Kept == "600\n");
        _received.Should().Equal(_journal.Ids);
        _results.Should().Equal(("delivered", 256), ("delivered", 256), ("delivered", 88));
    }

    [Fact]
    public async Task The_next_leader_goes_on_after_the_last_acknowledged_entry()
    {
        _head.Set(await _journal.AppendAsync(300));
        await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), _ => Kept == "300\n");
        _head.Set(await _journal.AppendAsync(5));
        await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), _ => Kept == "305\n");
        _received.Should().Equal(_journal.Ids);
    }

    [Fact]
    public async Task What_comes_while_it_waits_is_delivered_at_once()
    {
        _head.Set(0);
        var worker = Worker(_ => DeliveryAnswer.Taken);
        await RunUntilAsync(worker, _ => Kept == "2\n", async () => _head.Set(await _journal.AppendAsync(2)), doesTimeGoOn: false);
        _received.Should().Equal(_journal.Ids);
    }

    [Fact]
    public async Task An_entry_that_is_refused_holds_up_no_entry_before_it_and_is_never_skipped()
    {
        _head.Set(await _journal.AppendAsync(40));
        var heals = false;
        var worker = Worker(batch =>
            heals || batch.Copies.All(c => c.Index != 23) ? DeliveryAnswer.Taken : DeliveryAnswer.Of(HttpStatusCode.BadRequest, null));
        await RunUntilAsync(worker, _ => Kept == "23\n" && Results.Count(r => r == ("failed", 1)) >= 3);
        heals = true;
        await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), _ => Kept == "40\n");
        _received.Distinct().Should().Equal(_journal.Ids);
        _logs.Lines.Should().Contain(line => line.Contains("sink siem (webhook) did not accept entry 23 of the journal: HTTP status 400; retrying in 30 s"));
    }

    [Fact]
    public async Task A_position_after_the_end_is_of_another_journal_and_everything_is_sent()
    {
        _journal.Keep("siem", "31\n");
        _head.Set(await _journal.AppendAsync(30));
        await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), _ => Kept == "30\n");
        _received.Should().Equal(_journal.Ids);
        _logs.Lines.Should().Contain(line => line.Contains("does not belong to this journal"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1 2")]
    [InlineData("99999999999999999999")]
    public async Task A_position_that_cannot_be_read_sends_everything_again(string position)
    {
        _journal.Keep("siem", position);
        _head.Set(await _journal.AppendAsync(3));
        await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), _ => Kept == "3\n");
        _received.Should().Equal(_journal.Ids);
    }

    [Fact]
    public async Task Nothing_is_lost_or_reordered_whatever_fails_and_whenever_it_starts_again()
    {
        for (var seed = 1; seed <= 25; seed++)
        {
            var random = new Random(seed);
            _journal.Keep("siem", null);
            _received.Clear();
            if (seed == 1) await _journal.AppendAsync(200);
            var rounds = random.Next(1, 5);
            for (var round = 0; round < rounds; round++)
            {
                _head.Set(await _journal.AppendAsync(random.Next(0, 90)));
                var (tries, storage) = (random.Next(1, 30), _journal.Storage(random.Next(0, 20), random.Next(2) == 0));
                await RunUntilAsync(Worker(_ => Answer(random), storage), worker => --tries < 0 || worker.Position == _head.Size);
            }

            await RunUntilAsync(Worker(_ => DeliveryAnswer.Taken), _ => Kept == $"{_journal.Ids.Count}\n");
            _received.Distinct().Should().Equal(_journal.Ids, $"seed {seed}");
        }
    }

    private IReadOnlyList<(string Result, int Count)> Results
    {
        get { lock (_results) return [.. _results]; }
    }

    private string? Kept => _journal.Kept("siem");

    private static DeliveryAnswer Answer(Random random) => random.Next(6) switch
    {
        0 => DeliveryAnswer.Of(HttpStatusCode.ServiceUnavailable, null),
        1 => DeliveryAnswer.Of(HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(random.Next(1, 100))),
        2 => DeliveryAnswer.Refused("HTTP status 400"),
        3 => throw new HttpRequestException("lost"),
        _ => DeliveryAnswer.Taken,
    };

    /// <summary>A worker for a receiver that keeps what it gets, also if its answer is bad or gets lost.</summary>
    private SinkWorker Worker(Func<SinkBatch, DeliveryAnswer> answer, FaultyStorage.Writer? storage = null) => new(
        Settings,
        new("siem", "webhook", (batch, _) =>
        {
            lock (_received) _received.AddRange(batch.Copies.Select(c => c.Entry.Id));
            _changed.Raise();
            return ValueTask.FromResult(answer(batch));
        }, batch => batch.Describe()),
        new(storage ?? _journal.Storage(), SampleJournal.Origin), _head, (result, count) =>
        {
            lock (_results) _results.Add((result, count));
        }, _ => { }, _clock, _logs.CreateLogger("Journal"));

    /// <summary>Runs a worker until a condition holds; where it waits, time goes on, if it goes on at all.</summary>
    private async Task RunUntilAsync(SinkWorker worker, Func<SinkWorker, bool> isDone, Func<Task>? meanwhile = null, bool doesTimeGoOn = true)
    {
        using var stop = new CancellationTokenSource();
        var running = Task.Run(() => worker.RunAsync(stop.Token));
        if (meanwhile is not null) await meanwhile();
        while (true)
        {
            var change = Task.WhenAny(_journal.Changed.Next, _changed.Next, doesTimeGoOn ? _clock.WhenTimerArmed("the wait for the next try") : _changed.Next);
            if (isDone(worker)) break;
            await change.Soon("what the worker does next");
            if (doesTimeGoOn) _clock.AdvanceToNextTimer();
        }

        await stop.CancelAsync();
        await running.Soon("the end of the worker");
    }
}
