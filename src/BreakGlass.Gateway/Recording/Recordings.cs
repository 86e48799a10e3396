using System.Collections.Concurrent;

namespace BreakGlass.Gateway.Recording;

/// <summary>The recordings of the streams that are open, and of those that have ended and are not stored yet.</summary>
/// <param name="send">Sends a request to the operator; its URI is a path and a query.</param>
/// <param name="metrics">Metrics.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
internal sealed class Recordings(
    Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, GatewayMetrics metrics, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>The most bytes that wait to be stored.</summary>
    private const long MostWaiting = 64 * 1024 * 1024;

    /// <summary>The most of them of one grant, so that nobody keeps out what is recorded of others.</summary>
    private const long MostOfGrant = MostWaiting / 4;

    private readonly RecordingMemory _memory = new(MostWaiting);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (RecordingMemory Memory, int Streams)> _shares = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<StreamRecording, Task> _running = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Which WebSockets the API server did not accept.</summary>
    public RefusedWebSockets Refused { get; } = new(time);

    /// <summary>Whether parts of a recording could not be stored for some time.</summary>
    public bool IsFailing => _running.Keys.Any(r => r.IsFailing);

    /// <summary>Whether the operator does not take the recording of an open stream, which goes on without it.</summary>
    public bool IsRefused => _running.Keys.Any(r => r.IsRefused);

    /// <summary>Whether that is so of a recording of one grant.</summary>
    public bool IsFailingOf(string grantUid) => _running.Keys.Any(r => r.GrantUid == grantUid && (r.IsFailing || r.IsRefused));

    /// <summary>Begins to record.</summary>
    /// <param name="stream">What.</param>
    /// <param name="failing">Called when the recording fails; perhaps more than once.</param>
    public StreamRecording Begin(RecordedStream stream, Action failing)
    {
        var recording = new StreamRecording(
            stream, TakeShare(stream.GrantUid), new(stream, time.GetUtcNow(), send, failing, metrics, time, logger), time);
        var begun = new TaskCompletionSource();
        _running[recording] = RunAsync(begun.Task, recording);
        begun.SetResult();
        return recording;
    }

    /// <summary>Waits until everything that has ended is stored.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(_running.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task RunAsync(Task begun, StreamRecording recording)
    {
        await begun;
        try
        {
            await recording.RunAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The process ends, and the operator did not take what is left.
        }
        catch (Exception e)
        {
            logger.RequestFailed(e);
        }
        finally
        {
            _running.TryRemove(recording, out _);
            GiveShare(recording.GrantUid);
        }
    }

    /// <summary>The memory of a grant's streams: the same one for all of them, from the first one's beginning to the last one's end.</summary>
    private RecordingMemory TakeShare(string grantUid)
    {
        lock (_lock)
        {
            var (share, streams) = _shares.TryGetValue(grantUid, out var found) ? found : (new RecordingMemory(MostOfGrant, _memory), 0);
            _shares[grantUid] = (share, streams + 1);
            return share;
        }
    }

    private void GiveShare(string grantUid)
    {
        lock (_lock)
        {
            var (share, streams) = _shares[grantUid];
            if (streams > 1) _shares[grantUid] = (share, streams - 1);
            else _shares.Remove(grantUid);
        }
    }
}
