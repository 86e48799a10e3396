using BreakGlass.Core.Journal;
using BreakGlass.Operator.Outbound;

namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>
/// Delivers the journal to one sink: the entries after its position, in their order, until they are acknowledged. It keeps no entry that it does not send, and
/// skips none. What was acknowledged just before a crash is sent again.
/// </summary>
internal sealed class SinkWorker
{
    /// <summary>The most entries in a batch.</summary>
    internal const int MostEntries = 256;

    /// <summary>How long a sink that failed is left alone.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly SinkSettings _sink;
    private readonly SinkStore _store;
    private readonly JournalHead _head;
    private readonly Sender<SinkBatch> _sender;
    private readonly Action<string, int> _count;
    private readonly Action<long> _acknowledged;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _position;
    private long _kept = -1;
    private int _most = MostEntries;

    /// <param name="sink">The sink.</param>
    /// <param name="destination">Where it is.</param>
    /// <param name="store">The entries, and the sink's position.</param>
    /// <param name="head">The number of entries.</param>
    /// <param name="count">Takes a result, delivered or failed, and of how many entries.</param>
    /// <param name="acknowledged">Takes the new position.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    public SinkWorker(SinkSettings sink, Destination<SinkBatch> destination, SinkStore store, JournalHead head, Action<string, int> count,
        Action<long> acknowledged, TimeProvider time, ILogger logger)
    {
        (_sink, _store, _head, _count, _acknowledged, _time, _logger) = (sink, store, head, count, acknowledged, time, logger);
        _sender = new(destination, time, logger);
    }

    /// <summary>The number of entries that the sink has acknowledged, as far as this process knows.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Delivers until cancelled. What fails is tried again.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (_kept < 0) await StartAsync(cancellationToken);
                else if (_kept < Position) await KeepAsync(cancellationToken);
                else if (await DeliverAsync(cancellationToken)) continue;
                else await PauseAsync(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                _logger.StorageFailed(_sink.Name, e is JournalException ? e.Message : e.GetType().Name, Pause.TotalSeconds);
                await PauseAsync(cancellationToken);
            }
            catch (Exception)
            {
                return; // what fails while the term ends
            }
        }
    }

    /// <summary>
    /// Reads the position. A position after the end of the journal is of another journal, for example of one before it was restored from a copy: the entries
    /// up to there may be other ones.
    /// </summary>
    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var position = await _store.PositionAsync(_sink.Name, cancellationToken) ?? 0;
        var size = await _head.MoreThanAsync(-1, cancellationToken);
        if (position > size) _logger.SendingAgain(_sink.Name, size);
        _kept = position > size ? 0 : position;
        Acknowledge(_kept);
    }

    private async Task<bool> DeliverAsync(CancellationToken cancellationToken)
    {
        var size = await _head.MoreThanAsync(Position, cancellationToken);
        var batch = await _store.ReadAsync(Position, size, _most, cancellationToken);
        var why = await _sender.SendAsync(batch, cancellationToken);
        _count(why is null ? DeliveryResults.Delivered : DeliveryResults.Failed, batch.Copies.Count);

        // A sink may refuse many entries at once, or one of them: those before it get through.
        _most = why is null ? Math.Min(2 * _most, MostEntries) : Math.Max(1, batch.Copies.Count / 2);
        if (why is not null)
        {
            _logger.NotCopied(_sink.Name, SinkFields.TypeName(_sink.Type), batch.Describe(), why, Pause.TotalSeconds);
            return false;
        }

        Acknowledge(batch.End);
        await KeepAsync(cancellationToken);
        return true;
    }

    private void Acknowledge(long position)
    {
        Volatile.Write(ref _position, position);
        _acknowledged(position);
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        await _store.KeepAsync(_sink.Name, Position, cancellationToken);
        _kept = Position;
    }

    private async Task PauseAsync(CancellationToken cancellationToken) =>
        await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
