using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BreakGlass.Operator.Journal.Sinks;
using BreakGlass.Operator.Metrics;
using BreakGlass.Operator.Tests.Notifications;
using FluentAssertions;
using Simulation;
using TestKit;
using Xunit;

namespace BreakGlass.Operator.Tests.Journal.Sinks;

/// <summary>All sinks together, and what each type is sent.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit ends it by IAsyncLifetime, which disposes them")]
public sealed class JournalSinksTests : IAsyncLifetime
{
    private const string Secret = "0123456789abcdef0123456789abcdef";
    private const string Hostile = "\"]\\\n<1>1 \u001b[31m\u202E€😀";

    private readonly SampleJournal _journal = new();
    private readonly FakeClock _clock = new();
    private readonly LogBook _logs = new();
    private readonly OperatorMetrics _metrics = new(() => new MetricsSnapshot(), "1", [], []);
    private readonly CancellationTokenSource _stop = new();
    private readonly StringWriter _output = new();
    private readonly List<Task> _running = [];

    [Fact]
    public async Task A_sink_that_hangs_and_one_that_fails_delay_no_other_one_and_not_the_journal()
    {
        await using var hangs = await Receiver.StartAsync(dead: true);
        await using var fails = await Receiver.StartAsync();
        await using var works = await Receiver.StartAsync();
        fails.Answers([.. Enumerable.Repeat((503, (string?)"30"), 1000)]);
        using var sinks = Start(Webhook(hangs, "hangs"), Webhook(fails, "fails") with { IsRequired = true }, Webhook(works, "works"));
        await _journal.AppendAsync(300, covers: sinks.Covers);
        await hangs.GotAsync(1);
        await fails.GotAsync(1);
        for (var size = 310; size <= 400; size += 10)
        {
            await _journal.AppendAsync(10, covers: sinks.Covers);
            await KeptAsync("works", size);
        }

        works.All.SelectMany(m => SampleJournal.IdsOf(m.Body)).Should().Equal(_journal.Ids);
        _clock.Elapsed.Should().Be(TimeSpan.Zero);
        sinks.AcknowledgedByRequired.Should().Be(0);
        Measure("breakglass_operator_audit_backlog").Should().BeEquivalentTo(["hangs=400", "fails=400", "works=0"]);
        Measure("breakglass_operator_audit_records_total").Should().BeEquivalentTo(
            ["hangs,delivered=0", "hangs,failed=0", "fails,delivered=0", "fails,failed=0", "works,delivered=400", "works,failed=0"]);
        await StopAsync();
        Measure("breakglass_operator_audit_backlog").Should().BeEmpty("only the leader has it");
    }

    [Fact]
    public async Task An_entry_is_acknowledged_when_all_required_sinks_have_it()
    {
        await using var first = await Receiver.StartAsync();
        await using var second = await Receiver.StartAsync();
        second.Answers((503, "20"));
        using var sinks = Start(Webhook(first, "first") with { IsRequired = true }, Webhook(second, "second") with { IsRequired = true }, Stdout("out"));
        var (told, acknowledged) = (new Signal(), new List<long?>());
        sinks.RequiredAcknowledged += () =>
        {
            lock (acknowledged) acknowledged.Add(sinks.AcknowledgedByRequired);
            told.Raise();
        };
        await _journal.AppendAsync(3, covers: sinks.Covers);
        await second.GotAsync(1);
        await KeptAsync("first", 3);
        sinks.AcknowledgedByRequired.Should().Be(0);
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(20));
        _clock.Advance(TimeSpan.FromSeconds(20));
        await told.Until(() => Told() == 3, "the word that both have acknowledged");
        sinks.AcknowledgedByRequired.Should().Be(3);

        long? Told()
        {
            lock (acknowledged) return acknowledged.LastOrDefault();
        }
    }

    [Fact]
    public async Task Access_that_waits_for_a_required_sink_goes_on_when_it_has_the_entry_and_learns_which_one_has_not()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers((503, "20"));
        using var sinks = Start(Webhook(receiver, "siem") with { IsRequired = true }, Stdout("out"));
        await _journal.AppendAsync(3, covers: sinks.Covers);
        await receiver.GotAsync(1);
        var early = sinks.WaitAsync(2, default);
        await _clock.WhenTimerArmed(JournalSinks.Patience);
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(20));
        _clock.Advance(JournalSinks.Patience);
        (await early).Should().EndWith("within 5 s: siem");

        _clock.Advance(TimeSpan.FromSeconds(11));
        var late = sinks.WaitAsync(2, default);
        _clock.Advance(TimeSpan.FromSeconds(4));
        (await late.WaitAsync(Eventually.Limit, TimeProvider.System)).Should().BeNull();
        (await sinks.WaitAsync(2, default)).Should().BeNull("it is there already");
    }

    [Fact]
    public void Without_a_required_sink_there_is_nothing_to_wait_for()
    {
        using var sinks = new JournalSinks(
            [Stdout("out")], _journal.Storage(), SampleJournal.Origin, "test", _metrics, _clock, _logs.CreateLogger("Journal"), _output);
        sinks.AcknowledgedByRequired.Should().BeNull();
    }

    [Fact]
    public async Task A_webhook_gets_a_batch_of_CloudEvents_and_can_verify_it_and_a_redelivery()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers((503, "30"));
        using var sinks = Start(Webhook(receiver, "siem") with { Authorization = new("Bearer abc") });
        await _journal.AppendAsync(2, Hostile, sinks.Covers);
        await receiver.GotAsync(1);
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(30));
        _clock.Advance(TimeSpan.FromSeconds(30));
        await KeptAsync("siem", 2);
        var times = new[] { 1795309323, 1795309353 };
        foreach (var (received, time) in receiver.All.Zip(times))
        {
            received.Headers["Content-Type"].Should().Be("application/cloudevents-batch+json");
            received.Headers["Authorization"].Should().Be("Bearer abc");
            received.Headers["webhook-id"].Should().StartWith("journal_").And.Be(receiver.All[0].Headers["webhook-id"]);
            received.Headers["webhook-timestamp"].Should().Be($"{time}");
            var content = Encoding.UTF8.GetBytes($"{received.Headers["webhook-id"]}.{time}.{received.Body}");
            var signed = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), content);
            received.Headers["webhook-signature"].Should().Be($"v1,{Convert.ToBase64String(signed)}");
        }

        receiver.All.Should().HaveCount(2);
        var events = JsonNode.Parse(receiver.All[1].Body)!.AsArray();
        events.Select(e => e!["journalindex"]!.GetValue<string>()).Should().Equal("0", "1");
        events.Should().OnlyContain(e => e!["specversion"]!.GetValue<string>() == "1.0" && e["journal"]!.GetValue<string>() == SampleJournal.Origin
            && e["data"]!["justification"]!.GetValue<string>() == Hostile);
        string.Join('\n', _logs.Lines).Should().NotContainAny(Secret, "Bearer", receiver.Url.Authority, "justification");
    }

    [Fact]
    public async Task Standard_output_gets_one_CloudEvent_a_line()
    {
        using var sinks = Start(Stdout("out"));
        await _journal.AppendAsync(3, Hostile, sinks.Covers);
        await KeptAsync("out", 3);
        var lines = _output.ToString().Split('\n');
        lines.Should().HaveCount(4).And.EndWith("");
        lines[..3].Select(line => JsonNode.Parse(line)!["journalindex"]!.GetValue<string>()).Should().Equal("0", "1", "2");
    }

    [Fact]
    public async Task A_collector_gets_what_the_SDK_of_OpenTelemetry_would_send()
    {
        await using var receiver = await Receiver.StartAsync();
        using var sinks = Start(
            new SinkSettings { Name = "otel", Type = SinkType.Otlp, Url = new(receiver.Url.ToString()), Authorization = new("Api-Token abc") });
        await _journal.AppendAsync(2, Hostile, sinks.Covers);
        await KeptAsync("otel", 2);
        var ours = receiver.All.Should().ContainSingle().Subject;
        ours.Path.Should().Be("/v1/logs");
        ours.Headers["Content-Type"].Should().Be("application/x-protobuf");
        ours.Headers["Authorization"].Should().Be("Api-Token abc");

        OtlpWire.SendBySdk(receiver.Url, [SampleJournal.Copy(0, Hostile), SampleJournal.Copy(1, Hostile)], "test");
        await receiver.GotAsync(2);
        var sdks = receiver.All[1];
        sdks.Path.Should().Be(ours.Path);
        sdks.Headers["Content-Type"].Should().Be(ours.Headers["Content-Type"]);
        var (mine, theirs) = (OtlpWire.Read(ours.Bytes), OtlpWire.Read(sdks.Bytes));
        mine.Should().Contain(line => line.StartsWith("1.2.2.5.1 ", StringComparison.Ordinal) && line.Contains("journalindex", StringComparison.Ordinal));
        mine.Where(OtlpWire.IsSame).Should().BeEquivalentTo(theirs.Where(OtlpWire.IsSame));
        mine.Where(line => line.StartsWith("1.2.2.1 ", StringComparison.Ordinal)).Should().HaveCount(2).And
            .StartWith("1.2.2.1 1772445600000000000", "2026-03-02T10:00:00Z in nanoseconds");
    }

    [Fact]
    public async Task A_collector_that_rejects_records_gets_them_again()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.AnswerBody = [0x0a, 2, 0x08, 1];
        using var sinks = Start(new SinkSettings { Name = "otel", Type = SinkType.Otlp, Url = new(receiver.Url.ToString()) });
        await _journal.AppendAsync(2, covers: sinks.Covers);
        await _clock.WhenTimerArmed(SinkWorker.Pause);
        _logs.Lines.Should().Contain(line => line.Contains("did not accept entries 0 to 1 of the journal: the collector rejected 1 of 2 log records"));
        receiver.AnswerBody = [];
        _clock.Advance(SinkWorker.Pause);
        await KeptAsync("otel", 2);
        receiver.All.Should().HaveCount(3, "one of two, then each alone");
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _metrics.Dispose();
        await _output.DisposeAsync();
    }

    private static SinkSettings Stdout(string name) => new() { Name = name, Type = SinkType.Stdout };

    private static SinkSettings Webhook(Receiver receiver, string name) =>
        new() { Name = name, Type = SinkType.Webhook, Url = new(new Uri(receiver.Url, "/hook").ToString()), Secret = new(Secret) };

    private JournalSinks Start(params SinkSettings[] settings)
    {
        var sinks = new JournalSinks(
            settings, _journal.Storage(), SampleJournal.Origin, "test", _metrics, _clock, _logs.CreateLogger("Journal"), TextWriter.Synchronized(_output));
        _running.Add(Task.Run(() => sinks.RunAsync(_stop.Token)));
        return sinks;
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).Soon("the end of the sinks");
    }

    /// <summary>Waits until the position of a sink is kept.</summary>
    private Task KeptAsync(string sink, int position) => _journal.Changed.Until(() => _journal.Kept(sink) == $"{position}\n", $"{sink} at {position}",
        () => $"it is at {_journal.Kept(sink)}; {string.Join(" | ", _logs.Lines.TakeLast(5))}");

    private List<string> Measure(string instrument)
    {
        var measured = new List<string>();
        using var listener = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = (i, l) =>
            {
                if (i.Meter == _metrics.Meter && i.Name == instrument) l.EnableMeasurementEvents(i);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => measured.Add(Line(value, tags)));
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => measured.Add(Line(value, tags)));
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;
    }

    private static string Line(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{string.Join(',', tags.ToArray().Select(tag => tag.Value))}={value}");
}
