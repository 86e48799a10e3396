namespace BreakGlass.Operator.Journal.Sinks;

/// <summary>How many entries of the journal a checkpoint covers, for those who wait for more.</summary>
internal sealed class JournalHead
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _grown = New();
    private long _size = -1;

    /// <summary>The number of entries; -1 until it is known.</summary>
    public long Size
    {
        get { lock (_gate) return _size; }
    }

    /// <summary>A checkpoint covers so many entries.</summary>
    public void Set(long size)
    {
        lock (_gate)
        {
            if (size == _size) return;
            _size = size;
            _grown.TrySetResult();
            _grown = New();
        }
    }

    /// <summary>Waits until there are more entries than these, and gives how many.</summary>
    public async Task<long> MoreThanAsync(long size, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task grown;
            lock (_gate)
            {
                if (_size > size) return _size;
                grown = _grown.Task;
            }

            await grown.WaitAsync(cancellationToken);
        }
    }

    // Waiters go on elsewhere, not under the lock.
    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
