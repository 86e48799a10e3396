using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using BreakGlass.Core.Api;
using BreakGlass.Gateway.Recording;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Recording;

/// <summary>When parts are stored, and what happens while they cannot be.</summary>
public sealed class StreamRecordingTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly LogLines _log = new();
    private readonly GatewayMetrics _metrics = new("1");
    private readonly Recordings _recordings;
    private readonly ConcurrentQueue<(Uri Uri, byte[] Content)> _stored = new();
    private readonly SemaphoreSlim _asked = new(0);
    private int _failing;

    public StreamRecordingTests() => _recordings = new(SendAsync, _metrics, _clock, _log);

    /// <summary>What the operator answers.</summary>
    private Func<HttpStatusCode> Answer { get; set; } = () => HttpStatusCode.OK;

    public void Dispose()
    {
        _recordings.Dispose();
        _metrics.Dispose();
        _asked.Dispose();
    }

    [Fact]
    public async Task A_part_is_stored_five_seconds_after_its_first_byte_and_nothing_while_there_is_nothing()
    {
        var recording = Begin();
        Say(recording, "first");
        _clock.Advance(TimeSpan.FromSeconds(3));
        Say(recording, "second");
        _stored.Should().BeEmpty();
        _clock.Advance(TimeSpan.FromSeconds(2));
        await AskedAsync();

        _clock.Advance(TimeSpan.FromMinutes(10));
        Say(recording, "third");
        _clock.Advance(TimeSpan.FromSeconds(5));
        await AskedAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));
        recording.End("the grant is revoked");
        await AskedAsync();

        _stored.Select(s => (s.Uri.NumberOf("part"), s.Uri.NumberOf("endsAfter"), s.Uri.Of("last"), s.Uri.Of("missing"))).Should()
            .Equal((0, 3_000, null, null), (1, 605_000, null, null), (2, 611_000, "true", null));
        var uri = _stored.First().Uri;
        uri.OriginalString.Should().StartWith("/gateway/streams?");
        (uri.Of("grant"), uri.Of("uid"), uri.Of("stream"), uri.Of("request"), uri.Of("startedAt")).Should()
            .Be(("inc-4711", "grant-1", "audit-1", "exec -n payments web -- sh -c ls & x=1", "2026-11-22T01:02:03.456Z"));
        Cast.Events(Cast.Text(_stored.Select(s => s.Content))).Should()
            .Equal((0, "o", "first"), (3, "o", "second"), (605, "o", "third"), (611, "m", "ended: the grant is revoked"));
        await _recordings.DrainAsync(CancellationToken.None).Soon("the end of the recording");
    }

    [Fact]
    public async Task Much_output_is_stored_at_once()
    {
        var recording = Begin();
        for (var i = 0; i < 20; i++) recording.FromServer([1, .. new byte[64 * 1024]]).Should().BeTrue();
        await AskedAsync();
        recording.End(null);
        await _recordings.DrainAsync(CancellationToken.None).Soon("the end of the recording");
        Cast.TextOf(Cast.Text(_stored.Select(s => s.Content)), "o").Should().Be(new string('\0', 20 * 64 * 1024));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Input_is_recorded_only_if_the_policy_says_so(bool input)
    {
        var recording = Begin(new() { Record = RecordingMode.Streams, Input = input });
        recording.FromClient([0, .. "secret"u8]).Should().BeTrue();
        recording.FromClient([4, .. """{"Width":100,"Height":50}"""u8]).Should().BeTrue();
        recording.FromClient([255, 0]).Should().BeTrue();
        recording.FromClient([]).Should().BeTrue();
        recording.FromServer([0, .. "not an output"u8]).Should().BeTrue();
        recording.End(null);
        await AskedAsync();
        var cast = Cast.Text(_stored.Select(s => s.Content));
        if (input) cast.Should().Contain("secret");
        else cast.Should().NotContain("secret");
        cast.Should().Contain(input ? "\"r\",\"100x50\"" : "\"width\":100,\"height\":50").And.NotContain("not an output");
    }

    [Fact]
    public async Task A_stream_in_Base64_is_decoded()
    {
        var recording = Begin(protocol: "v4.base64.channel.k8s.io");
        recording.FromServer(Encoding.ASCII.GetBytes("1" + Convert.ToBase64String("grüß dich"u8))).Should().BeTrue();
        recording.FromServer("3"u8).Should().BeTrue();
        recording.End(null);
        await AskedAsync();
        Cast.TextOf(Cast.Text(_stored.Select(s => s.Content)), "o").Should().Be("grüß dich");
    }

    [Fact]
    public async Task What_cannot_be_stored_is_tried_again_in_order_and_nothing_is_lost()
    {
        Answer = () => HttpStatusCode.ServiceUnavailable;
        var recording = Begin();
        Say(recording, "one ");
        await FailAsync(after: 5, pause: 0.5);
        await FailAsync(after: 0.5, pause: 1);
        Say(recording, "two");
        await FailAsync(after: 1, pause: 2);
        (_failing, _recordings.IsFailing).Should().Be((0, false), "a moment is not a failure");
        await FailAsync(after: 2, pause: 4);
        await FailAsync(after: 4, pause: 8);
        await FailAsync(after: 8, pause: 15);
        _failing.Should().BeGreaterThan(0);
        _recordings.IsFailing.Should().BeTrue();
        recording.End(null);
        Answer = () => HttpStatusCode.OK;
        _clock.Advance(TimeSpan.FromSeconds(15));
        await AskedAsync();
        await _recordings.DrainAsync(CancellationToken.None).Soon("the end of the recording");

        _recordings.IsFailing.Should().BeFalse();
        _stored.Select(s => s.Uri.NumberOf("part")).Should().Equal(0, 1);
        Cast.TextOf(Cast.Text(_stored.Select(s => s.Content)), "o").Should().Be("one two");
        _log.Lines.Should().ContainSingle(l => l.Contains("failed to store part 0 of the recording audit-1 of grant inc-4711", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_finds_no_room_is_counted_and_the_stream_goes_on()
    {
        Answer = () => HttpStatusCode.ServiceUnavailable;
        var recording = Begin();
        byte[] message = [1, .. RandomNumberGenerator.GetBytes(1024 * 1024)];
        var taken = 0;
        for (; _failing == 0; taken++) recording.FromServer(message).Should().BeTrue();
        taken.Should().BeInRange(3, 5, "4 MiB wait");
        recording.FromServer(message).Should().BeTrue();
        recording.FromServer([1, .. "small"u8]).Should().BeTrue("there can be room for less");
        recording.End(null);
        Answer = () => HttpStatusCode.OK;
        await RunToItsEndAsync();

        var missing = _stored.Sum(s => s.Uri.Of("missing") is null ? 0 : s.Uri.NumberOf("missing"));
        missing.Should().Be(2L * 1024 * 1024);
        var cast = Cast.Text(_stored.OrderBy(s => s.Uri.NumberOf("part")).Select(s => s.Content));
        Cast.TextOf(cast, "m").Should().Be("not recorded: 2097152 bytes");
        Cast.TextOf(cast, "o").Should().EndWith("small");
        _log.Lines.Should().ContainSingle(l => l.Contains("is incomplete", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_the_policy_requires_the_recording_nothing_passes_that_finds_no_room()
    {
        Answer = () => HttpStatusCode.ServiceUnavailable;
        var recording = Begin(new() { Record = RecordingMode.Streams, OnFailure = RecordingFailureHandling.End });
        byte[] message = [1, .. new byte[1024 * 1024]];
        while (recording.FromServer(message)) _failing.Should().Be(0);
        _failing.Should().Be(1);
    }

    [Fact]
    public async Task All_streams_together_have_a_limit_and_give_back_what_they_took()
    {
        Answer = () => HttpStatusCode.ServiceUnavailable;
        var recordings = Enumerable.Range(0, 30).Select(i => Begin(uid: $"grant-{i}")).ToList();
        byte[] message = [1, .. new byte[1024 * 1024]];
        var rounds = 0;
        for (; rounds < 4 && _failing == 0; rounds++)
        {
            foreach (var recording in recordings) recording.FromServer(message);
        }

        rounds.Should().Be(3, "64 MiB of 30 streams");
        Answer = () => HttpStatusCode.OK;
        foreach (var recording in recordings) recording.End(null);
        await RunToItsEndAsync();

        var again = Begin();
        var before = _failing;
        again.FromServer(message);
        _failing.Should().Be(before);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Conflict)]
    public async Task A_recording_that_the_operator_does_not_accept_is_given_up(HttpStatusCode code)
    {
        Answer = () => code;
        var recording = Begin();
        Say(recording, "x");
        recording.End(null);
        await RunToItsEndAsync();
        _failing.Should().BeGreaterThan(0);
        _log.Lines.Should().ContainSingle(
            l => l.StartsWith("Error", StringComparison.Ordinal) && l.Contains($"answered {(int)code}", StringComparison.Ordinal));
    }

    [Fact]
    public void One_grant_cannot_take_the_memory_for_the_recordings_of_others()
    {
        Answer = () => HttpStatusCode.ServiceUnavailable;
        byte[] message = [1, .. new byte[1024 * 1024 - 100]];
        var greedy = Enumerable.Range(0, 100).Select(_ => Begin(uid: "greedy")).ToList();
        foreach (var recording in greedy) recording.FromServer(message);
        _failing.Should().BeGreaterThan(0);

        var before = _failing;
        Begin(uid: "other").FromServer(message).Should().BeTrue();
        _failing.Should().Be(before);
    }

    [Fact]
    public async Task A_large_message_about_the_size_of_the_terminal_takes_no_memory()
    {
        Answer = () => HttpStatusCode.ServiceUnavailable;
        var recording = Begin();
        byte[] padded = [4, .. """{"Width":80,"Height":24}"""u8, .. Enumerable.Repeat((byte)' ', 1_000_000)];
        for (var i = 0; i < 20; i++) recording.FromClient(padded).Should().BeTrue();
        _failing.Should().Be(0);
        Answer = () => HttpStatusCode.OK;
        recording.End(null);
        await RunToItsEndAsync();
    }

    [Fact]
    public async Task A_message_whose_names_are_not_Unicode_does_not_end_the_recording()
    {
        var recording = Begin(new() { Record = RecordingMode.Streams, OnFailure = RecordingFailureHandling.End });
        recording.FromClient([4, .. """{"Width":80,"Height":24,"\ud800":0}"""u8]).Should().BeTrue();
        Say(recording, "seen");
        recording.FromServer([3, .. """{"status":"Failure","\ud800":0,"message":"\udfff"}"""u8]).Should().BeTrue();
        recording.End(null);
        await AskedAsync();
        await _recordings.DrainAsync(CancellationToken.None).Soon("the end of the recording");
        Cast.TextOf(Cast.Text(_stored.Select(s => s.Content)), "o").Should().Be("seen");
        _stored.Last().Uri.Of("last").Should().Be("true");
        (_failing, _recordings.IsRefused).Should().Be((0, false));
    }

    [Fact]
    public async Task An_operator_that_does_not_know_the_grant_yet_gets_the_part_again()
    {
        Answer = () => HttpStatusCode.NotFound;
        var recording = Begin();
        Say(recording, "x");
        recording.End(null);
        var end = _recordings.DrainAsync(CancellationToken.None);
        for (var seconds = 0; seconds < 30; seconds++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        end.IsCompleted.Should().BeFalse();
        Answer = () => HttpStatusCode.OK;
        await RunToItsEndAsync();
        Cast.TextOf(Cast.Text(_stored.Select(s => s.Content)), "o").Should().Be("x");
    }

    private StreamRecording Begin(RecordingTerms? terms = null, string protocol = "v5.channel.k8s.io", string uid = "grant-1") => _recordings.Begin(
        new("inc-4711", uid, "audit-1", "exec -n payments web -- sh -c ls & x=1", terms ?? new() { Record = RecordingMode.Streams })
        {
            Protocol = protocol,
        },
        () => Interlocked.Increment(ref _failing));

    private static void Say(StreamRecording recording, string text) => recording.FromServer([1, .. Encoding.UTF8.GetBytes(text)]).Should().BeTrue();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var code = Answer();
        if (code == HttpStatusCode.OK) _stored.Enqueue((request.RequestUri!, await request.Content!.ReadAsByteArrayAsync(cancellationToken)));
        _asked.Release();
        return new(code);
    }

    /// <summary>Waits until the operator was asked once more.</summary>
    private Task AskedAsync() => _asked.WaitAsync().Soon("a request to the operator");

    /// <summary>Moves time on, and waits until the operator was asked in vain and the next try is so far away.</summary>
    private async Task FailAsync(double after, double pause)
    {
        _clock.Advance(TimeSpan.FromSeconds(after));
        await AskedAsync();
        await _clock.WhenTimerArmed(TimeSpan.FromSeconds(pause));
    }

    private async Task RunToItsEndAsync()
    {
        var end = _recordings.DrainAsync(CancellationToken.None);
        using var limit = new CancellationTokenSource(Eventually.Limit, TimeProvider.System);
        while (!end.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, limit.Token);
        }
    }
}
