using System.Net;
using BreakGlass.Core.Api;
using BreakGlass.Gateway.Recording;
using BreakGlass.Gateway.Streams;
using FluentAssertions;
using TestKit;
using Xunit;

namespace BreakGlass.Gateway.Tests.Recording;

/// <summary>Memory that many streams take from at the same time.</summary>
public sealed class MemoryTests : IDisposable
{
    private readonly AskedClock _clock = new();
    private readonly GatewayMetrics _metrics = new("1");
    private readonly Recordings _recordings;
    private volatile bool _isStored = true;

    public MemoryTests() => _recordings = new(SendAsync, _metrics, _clock, new LogLines());

    public void Dispose()
    {
        _recordings.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task A_large_message_that_found_no_room_made_a_small_one_of_another_stream_fail()
    {
        var memory = new MessageMemory(100);
        (await RefusedAsync(() => memory.TryTake(1000), () => memory.TryTake(1), () => memory.Give(1))).Should().Be(0);
        memory.TryTake(100).Should().BeTrue("all of it was given back");
        memory.TryTake(1).Should().BeFalse();
    }

    [Fact]
    public async Task A_large_part_of_a_recording_that_found_no_room_made_a_small_one_of_the_same_grant_fail()
    {
        var whole = new RecordingMemory(100);
        var share = new RecordingMemory(1000, whole);
        (await RefusedAsync(() => share.TryTake(1000), () => share.TryTake(1), () => share.Give(1))).Should().Be(0);
        (share.Taken, whole.Taken).Should().Be((0L, 0L));
        share.TryTake(100).Should().BeTrue();
        (share.Taken, whole.Taken).Should().Be((100L, 100L));
    }

    [Fact]
    public async Task A_grant_got_a_second_share_of_the_memory_when_one_of_its_streams_ended_while_another_began()
    {
        var first = Begin();
        using var ended = new ManualResetEventSlim();
        var ending = TellAsync(ended);
        _clock.WhenAskedNext(() =>
        {
            first.End(null);
            ended.Wait(Eventually.Limit).Should().BeTrue();
        });
        var second = await Task.Run(() => Begin()).Soon("the second stream");
        await ending;
        _isStored = false;

        const int Length = 64 * 1024;
        byte[] message = [1, .. new byte[Length]];
        var taken = 0L;
        foreach (var recording in Enumerable.Range(0, 4).Select(_ => Begin()).Prepend(second))
        {
            while (recording.FromServer(message)) taken += Length;
        }

        taken.Should().BeInRange(15 * 1024 * 1024, 16 * 1024 * 1024, "that is the most of one grant");
    }

    /// <summary>How often a small piece found no room while pieces that are too large are asked for.</summary>
    private static async Task<int> RefusedAsync(Func<bool> takeLarge, Func<bool> takeSmall, Action giveSmall)
    {
        var over = new TaskCompletionSource();
        var large = Task.Run(() =>
        {
            var taken = 0;
            while (!over.Task.IsCompleted) taken += takeLarge() ? 1 : 0;
            return taken;
        });
        var refused = await Task.Run(() =>
        {
            var count = 0;
            for (var i = 0; i < 300_000; i++)
            {
                if (takeSmall()) giveSmall();
                else count++;
            }

            return count;
        });
        over.SetResult();
        (await large).Should().Be(0);
        return refused;
    }

    private StreamRecording Begin() => _recordings.Begin(
        new("inc-4711", "grant-1", "audit-1", "exec", new() { Record = RecordingMode.Streams, OnFailure = RecordingFailureHandling.End })
        {
            Protocol = "v5.channel.k8s.io",
        },
        () => { });

    private async Task TellAsync(ManualResetEventSlim ended)
    {
        await _recordings.DrainAsync(CancellationToken.None);
        ended.Set();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!_isStored) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return new(HttpStatusCode.OK);
    }

    /// <summary>A clock that stands still, and at which something can happen when it is asked for the time.</summary>
    private sealed class AskedClock : TimeProvider
    {
        private readonly FakeClock _clock = new();
        private Action? _asked;

        public override long TimestampFrequency => _clock.TimestampFrequency;

        public void WhenAskedNext(Action asked) => _asked = asked;

        public override DateTimeOffset GetUtcNow()
        {
            Interlocked.Exchange(ref _asked, null)?.Invoke();
            return _clock.GetUtcNow();
        }

        public override long GetTimestamp() => _clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            _clock.CreateTimer(callback, state, dueTime, period);
    }
}
