using System.Threading.Channels;

namespace BreakGlass.Operator.Outbound;

/// <summary>
/// The way to one destination: a queue of its own and one worker, so that a destination that is slow or dead delays no other one and gets everything in
/// order. If too many wait, the oldest is dropped: the newest matter most.
/// </summary>
internal sealed class Delivery<T>
    where T : class
{
    private const int LogEvery = 100;

    private readonly Destination<T> _destination;
    private readonly Action<string> _count;
    private readonly ILogger _logger;
    private readonly Channel<T> _waiting;
    private readonly Sender<T> _sender;
    private T? _current;
    private long _dropped;

    /// <param name="destination">The destination.</param>
    /// <param name="count">Called with each result, one of <see cref="DeliveryResults.All"/>.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Log.</param>
    /// <param name="capacity">How many wait at most; 256 by default.</param>
    public Delivery(Destination<T> destination, Action<string> count, TimeProvider time, ILogger logger, int capacity = 256)
    {
        (_destination, _count, _logger, _sender) = (destination, count, logger, new(destination, time, logger));
        _waiting = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, Drop);
    }

    /// <summary>Takes an item. Never waits.</summary>
    public void Offer(T item)
    {
        if (!_waiting.Writer.TryWrite(item)) _count(DeliveryResults.Dropped);
    }

    /// <summary>Nothing more is taken; <see cref="RunAsync"/> ends when all that waits was sent or given up.</summary>
    public void Complete() => _waiting.Writer.TryComplete();

    /// <summary>Sends until cancelled or completed and empty. What waits then is lost, which is logged.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var item in _waiting.Reader.ReadAllAsync(cancellationToken))
            {
                _current = item;
                await DeliverAsync(item, cancellationToken);
                _current = null;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            var lost = _waiting.Reader.Count + (_current is null ? 0 : 1);
            if (lost > 0) _logger.Unsent(lost, _destination.Name, _destination.Type);
            for (var i = 0; i < lost; i++) _count(DeliveryResults.Dropped);
        }
    }

    private async Task DeliverAsync(T item, CancellationToken cancellationToken)
    {
        var why = await _sender.SendAsync(item, cancellationToken);
        _count(why is null ? DeliveryResults.Delivered : DeliveryResults.Failed);
        if (why is not null) _logger.Undelivered(_destination.Name, _destination.Type, _destination.Describe(item), why);
    }

    private void Drop(T oldest)
    {
        _count(DeliveryResults.Dropped);
        var dropped = Interlocked.Increment(ref _dropped);
        if (dropped % LogEvery == 1) _logger.Dropped(_waiting.Reader.Count, _destination.Name, _destination.Type, _destination.Describe(oldest), dropped);
    }
}
