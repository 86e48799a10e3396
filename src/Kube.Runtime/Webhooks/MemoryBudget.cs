namespace Kube.Runtime;

/// <summary>
/// How much memory requests may take at the same time. A request that finds no room waits for a moment, in the order of arrival, and is refused after
/// that. Large requests share half of the room, so that they cannot keep small ones out, and each waits only behind its like.
/// </summary>
/// <param name="capacity">The most bytes at one time.</param>
/// <param name="time">Clock, for the wait.</param>
public sealed class MemoryBudget(long capacity, TimeProvider time)
{
    /// <summary>How long a request waits for room.</summary>
    public static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Side _small = new(capacity);
    private readonly Side _large = new(capacity / 2);
    private long _taken;

    /// <summary>The bytes that are taken now.</summary>
    public long Taken
    {
        get { lock (_gate) return _taken; }
    }

    /// <summary>Takes room; null if none came free in time. A request for more than large ones may have gets all that they may have.</summary>
    public async ValueTask<Room?> TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        var side = bytes > capacity / 8 ? _large : _small;
        var wanted = Math.Min(bytes, side.Capacity);
        Waiter waiter;
        lock (_gate)
        {
            if (side.Waiting.Count == 0 && Fits(side, wanted)) return Take(side, wanted);
            side.Waiting.AddLast(waiter = new(wanted));
        }

        using var limit = new CancellationTokenSource(WaitLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await using var end = either.Token.UnsafeRegister(static w => ((Waiter)w!).Got.TrySetResult(null), waiter);
        var room = await waiter.Got.Task;
        if (room is null)
        {
            lock (_gate)
            {
                side.Waiting.Remove(waiter);
                Serve();
            }
        }

        if (cancellationToken.IsCancellationRequested)
        {
            // Room that came at the last moment must not stay taken for a caller that is gone.
            room?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
        }

        return room;
    }

    private bool Fits(Side side, long bytes) => _taken + bytes <= capacity && side.Taken + bytes <= side.Capacity;

    private Room Take(Side side, long bytes)
    {
        _taken += bytes;
        side.Taken += bytes;
        return new(this, side, bytes);
    }

    private void GiveBack(Side side, long bytes)
    {
        lock (_gate)
        {
            _taken -= bytes;
            side.Taken -= bytes;
            Serve();
        }
    }

    // Small ones first: they are what people send.
    private void Serve()
    {
        Serve(_small);
        Serve(_large);
    }

    private void Serve(Side side)
    {
        while (side.Waiting.First is { } first && Fits(side, first.Value.Bytes))
        {
            side.Waiting.RemoveFirst();
            var room = Take(side, first.Value.Bytes);
            if (first.Value.Got.TrySetResult(room)) continue;

            // It gave up in this very moment.
            _taken -= first.Value.Bytes;
            side.Taken -= first.Value.Bytes;
        }
    }

    /// <summary>Room that was taken, until it is disposed of.</summary>
    public sealed class Room : IDisposable
    {
        private readonly MemoryBudget _budget;
        private readonly Side _side;
        private long _bytes;

        internal Room(MemoryBudget budget, Side side, long bytes) => (_budget, _side, _bytes) = (budget, side, bytes);

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, 0) is > 0 and var bytes) _budget.GiveBack(_side, bytes);
        }
    }

    internal sealed class Side(long capacity)
    {
        public long Capacity { get; } = capacity;

        public long Taken { get; set; }

        public LinkedList<Waiter> Waiting { get; } = new();
    }

    internal sealed class Waiter(long bytes)
    {
        public long Bytes { get; } = bytes;

        public TaskCompletionSource<Room?> Got { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
