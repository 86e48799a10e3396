using System.Diagnostics.CodeAnalysis;

namespace BreakGlass.Gateway.Recording;

/// <summary>
/// The recording of one stream. The relay hands over each message before it sends it on, and never waits: what is not stored yet is in memory, and what has no
/// room there is counted. A task of its own makes parts of it and stores them in their order.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Its semaphore never has a handle to let go of; the timer is disposed of at the end of the recording.")]
internal sealed class StreamRecording
{
    /// <summary>The longest time between the first byte of a part and its end.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>The most bytes of one stream that wait to be stored.</summary>
    public const int MostWaiting = 4 * 1024 * 1024;

    /// <summary>The most bytes of a message with the size of the terminal; kubectl sends about 30.</summary>
    private const int LongestSize = 1024;

    /// <summary>So many bytes are made a part at once.</summary>
    private const int Enough = 1024 * 1024;

    // What a message takes in memory beside its bytes.
    private const int Overhead = 64;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly RecordedStream _stream;
    private readonly RecordingMemory _memory;
    private readonly PartSender _sender;
    private readonly TimeProvider _time;
    private readonly CastEncoder _encoder;
    private readonly ITimer _due;
    private readonly bool _isBase64;
    private readonly long _began;
    private List<TapedMessage> _waiting = [];
    private long _waitingBytes;
    private long _bytes;
    private long _missing;
    private TimeSpan _last;
    private TapeEnd? _end;
    private bool _isDue;
    private bool _isOver;

    /// <param name="stream">What it is of.</param>
    /// <param name="memory">The memory of its grant's recordings.</param>
    /// <param name="sender">Stores the parts.</param>
    /// <param name="time">Clock.</param>
    public StreamRecording(RecordedStream stream, RecordingMemory memory, PartSender sender, TimeProvider time)
    {
        (_stream, _memory, _sender, _time, _began) = (stream, memory, sender, time, time.GetTimestamp());
        _isBase64 = ChannelMessage.IsBase64(stream.Protocol);
        _encoder = new(new(stream.Request, sender.StartedAt, ChannelMessage.HasStatus(stream.Protocol)));
        _due = time.CreateTimer(static o => ((StreamRecording)o!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The grant.</summary>
    public string GrantUid => _stream.GrantUid;

    /// <summary>Whether parts could not be stored for some time.</summary>
    public bool IsFailing => _sender.IsFailing;

    /// <summary>Whether the operator does not take the recording.</summary>
    public bool IsRefused => _sender.IsRefused;

    /// <summary>Takes a message of the API server, before the client gets it.</summary>
    /// <returns>Whether it may be sent on: false if it is not recorded, and the stream ends then.</returns>
    public bool FromServer(ReadOnlySpan<byte> message) => ChannelMessage.ChannelOf(message, _isBase64) is not { } channel
        || channel is not (ChannelMessage.Output or ChannelMessage.ErrorOutput or ChannelMessage.Error) || Take(channel, message);

    /// <summary>Takes a message of the client, before the API server gets it.</summary>
    /// <returns>Whether it may be sent on.</returns>
    public bool FromClient(ReadOnlySpan<byte> message) => ChannelMessage.ChannelOf(message, _isBase64) is not { } channel
        || !((channel is ChannelMessage.Size && message.Length <= LongestSize) || (channel is ChannelMessage.Input && _stream.Terms.Input))
        || Take(channel, message);

    /// <summary>The stream has ended.</summary>
    /// <param name="why">Why the gateway cut it; null if it did not.</param>
    public void End(string? why)
    {
        lock (_lock)
        {
            if (_end is not null) return;
            (_end, _isDue) = (new(Now(), why, _missing), true);
        }

        _signal.Release();
    }

    /// <summary>Stores what was recorded, until the stream has ended and all of it is stored.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(cancellationToken);
                if (TakeDue() is not var (messages, bytes, end)) continue;
                try
                {
                    foreach (var part in _encoder.Encode(messages, end)) await _sender.SendAsync(part, cancellationToken);
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested)
                {
                    // What cannot be encoded must not end the recording without a sign of it.
                    _sender.Lost(messages.Sum(m => (long)m.Data.Length));
                    _sender.Stop(_encoder.Parts, e.GetType().Name);
                }
                finally
                {
                    Give(bytes);
                }

                if (end is not null) return;
            }
        }
        finally
        {
            await _due.DisposeAsync();
            lock (_lock)
            {
                _isOver = true;
                _memory.Give(_bytes);
                _bytes = 0;
            }
        }
    }

    private bool Take(byte channel, ReadOnlySpan<byte> message)
    {
        var data = ChannelMessage.DataOf(message, _isBase64);
        var length = data.Length;
        if (length == 0) return true;
        bool isFirst, isEnough, isTaken;
        lock (_lock)
        {
            if (_end is not null) return false; // the relay has ended, too
            isFirst = _waiting.Count == 0;
            isTaken = TryAdd(channel, data, out isEnough);
        }

        if (!isTaken)
        {
            _sender.Lost(length);
            return !_stream.EndsOnFailure;
        }

        if (isFirst) _due.Change(Period, Timeout.InfiniteTimeSpan);
        if (isEnough) _signal.Release();
        return true;
    }

    private bool TryAdd(byte channel, byte[] data, out bool isEnough)
    {
        var size = SizeOf(data);
        isEnough = _waitingBytes < Enough && _waitingBytes + size >= Enough;

        // One message has room in any case: it is no larger than the relay allows.
        if (_isOver || _sender.IsRefused || (_bytes > 0 && _bytes + size > MostWaiting) || !_memory.TryTake(size))
        {
            _missing += data.Length;
            return false;
        }

        _bytes += size;
        _waitingBytes += size;
        _waiting.Add(new(Now(), channel, data, _missing));
        _missing = 0;
        _isDue |= isEnough;
        return true;
    }

    private void Due()
    {
        lock (_lock) _isDue = true;
        _signal.Release();
    }

    private (IReadOnlyList<TapedMessage> Messages, long Bytes, TapeEnd? End)? TakeDue()
    {
        lock (_lock)
        {
            if (!_isDue) return null;
            var taken = (_waiting, _waitingBytes, _end);
            (_waiting, _waitingBytes, _isDue) = ([], 0, false);
            return taken;
        }
    }

    private static int SizeOf(byte[] data) => data.Length + Overhead;

    private void Give(long bytes)
    {
        lock (_lock) _bytes -= bytes;
        _memory.Give(bytes);
    }

    /// <summary>Called under the lock, so that times never go back from one message to the next.</summary>
    private TimeSpan Now()
    {
        var now = _time.GetElapsedTime(_began);
        return _last = now > _last ? now : _last;
    }
}
